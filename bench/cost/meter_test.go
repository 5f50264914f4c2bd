package cost

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestItemIsAsLargeAsDynamoDBSays(t *testing.T) {
	for text, want := range map[string]int{
		`{"pk":{"S":"17#42"}}`:                2 + 5,
		`{"é":{"S":"ü"}}`:                     2 + 2,
		`{"n":{"N":"1764000000"}}`:            1 + 3, // four significant digits
		`{"n":{"N":"1764000001"}}`:            1 + 6,
		`{"n":{"N":"-12.50"}}`:                1 + 4, // three digits and a sign
		`{"b":{"BOOL":false}}`:                1 + 1,
		`{"l":{"L":[{"S":"ab"},{"N":"12"}]}}`: 1 + 3 + (1 + 2) + (1 + 2),
		`{"m":{"M":{"k":{"S":"ab"}}}}`:        1 + 3 + 1 + (1 + 2),
	} {
		var i item
		if err := json.Unmarshal([]byte(text), &i); err != nil || i.size() != want {
			t.Errorf("%s: got %d, want %d (%v)", text, i.size(), want, err)
		}
	}
}

func update(day, counts, set string) string {
	return fmt.Sprintf(`{"TableName":"buffer","Key":{"pk":{"S":"a"},"day":{"S":%q}},"UpdateExpression":"ADD %s SET %s",
		"ExpressionAttributeValues":{":one":{"N":"1"},":e":{"N":"5"},":f":{"S":"d#1"},":g":{"S":"d#2"}}}`, day, counts, set)
}

func put(bytes int, more string) string {
	return `{"RequestItems":{"requests":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"b"},"body":{"S":"` + strings.Repeat("x", bytes) + `"}` + more + `}}}]}}`
}

func TestMeterChargesByTheKilobyteAndForANewEntryOfTheIndex(t *testing.T) {
	answer := `{"Responses":{"apps":[{"id":{"S":"a"}},{"id":{"S":"` + strings.Repeat("x", 5000) + `"}}]}}`
	m := NewMeter(map[string]string{"requests": "failed_app", "buffer": "failing_day"})
	for _, c := range []struct {
		what, operation, request string
		write, read              float64
	}{
		{"a small item", "BatchWriteItem", put(1, ""), 1, 0},
		{"a KB: pk, sk and body take ten", "BatchWriteItem", put(1024-10, ""), 1, 0},
		{"a byte more", "BatchWriteItem", put(1024-9, ""), 2, 0},
		{"an item that is in the index", "BatchWriteItem", put(2000, `,"failed_app":{"S":"a"}`), 2 + 1, 0},
		{"a success", "UpdateItem", update("d", "success_count :one", "expires_at = :e"), 1, 0},
		{"the day's first failure", "UpdateItem", update("d", "success_count :one, error_count :one", "expires_at = :e, failing_day = :f"), 1 + 1, 0},
		{"the next one", "UpdateItem", update("d", "error_count :one", "expires_at = :e, failing_day = :f"), 1, 0},
		{"another day", "UpdateItem", update("e", "error_count :one", "expires_at = :e, failing_day = :f"), 1 + 1, 0},
		{"a read of two, and of one that is not there", "BatchGetItem", `{"RequestItems":{"apps":{"Keys":[{},{},{}]}}}`, 0, (1 + 2 + 1) / 2.0},
		{"the same, consistent", "BatchGetItem", `{"RequestItems":{"apps":{"Keys":[{},{},{}],"ConsistentRead":true}}}`, 0, 1 + 2 + 1},
	} {
		write, read := m.Units()
		if err := m.Charge(c.operation, []byte(c.request), []byte(answer)); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if w, r := m.Units(); w-write != c.write || r-read != c.read {
			t.Errorf("%s: got %v and %v, want %v and %v", c.what, w-write, r-read, c.write, c.read)
		}
	}
}

func TestMeterCountsNothingThatItDoesNotUnderstand(t *testing.T) {
	m := NewMeter(map[string]string{"buffer": "failing_day"})
	if err := m.Charge("UpdateItem", []byte(update("d", "error_count :one", "failing_day = :f")), []byte(`{}`)); err != nil {
		t.Error(err)
	}
	for request, operation := range map[string]string{
		`{}`:                              "TransactWriteItems",
		`{"UpdateExpression":"REMOVE x"}`: "UpdateItem",
		update("d", "error_count :one", "failing_day = :g"): "UpdateItem", // its entry in the index would move
	} {
		if m.Charge(operation, []byte(request), []byte(`{}`)) == nil {
			t.Errorf("%s %s is taken", operation, request)
		}
	}
}
