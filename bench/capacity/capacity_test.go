package capacity

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestItemIsAsLargeAsDynamoDBSays(t *testing.T) {
	for text, want := range map[string]int{
		`{}`:                                  0,
		`{"pk":{"S":"17#42"}}`:                2 + 5,
		`{"é":{"S":"ü"}}`:                     2 + 2,
		`{"n":{"N":"0"}}`:                     1 + 1,
		`{"n":{"N":"7"}}`:                     1 + 2,
		`{"n":{"N":"1764000000"}}`:            1 + 3, // four significant digits
		`{"n":{"N":"1764000001"}}`:            1 + 6,
		`{"n":{"N":"-12.50"}}`:                1 + 4, // three digits and a sign
		`{"b":{"BOOL":false}}`:                1 + 1,
		`{"b":{"B":"AAEC"}}`:                  1 + 3,
		`{"l":{"L":[{"S":"ab"},{"N":"12"}]}}`: 1 + 3 + (1 + 2) + (1 + 2),
		`{"l":{"L":[]}}`:                      1 + 3,
		`{"m":{"M":{"k":{"S":"ab"}}}}`:        1 + 3 + 1 + (1 + 2),
	} {
		var i Item
		if err := json.Unmarshal([]byte(text), &i); err != nil || i.size() != want {
			t.Errorf("%s: got %d, want %d (%v)", text, i.size(), want, err)
		}
	}
}

func newMeter() *Meter {
	return NewMeter(map[string]Table{
		"requests": {Key: []string{"pk", "sk"}, Indexes: []Index{{Key: []string{"failed_app", "sk"}, Projects: []string{"outcome"}}}},
		"buffer":   {Key: []string{"pk", "day"}, Indexes: []Index{{Key: []string{"failing_day", "pk"}}}},
		"apps":     {Key: []string{"id"}},
	})
}

// charged is what one request more costs.
func charged(t *testing.T, m *Meter, operation, request, answer string) Units {
	t.Helper()
	before := m.Units()
	if err := m.Charge(operation, []byte(request), []byte(answer)); err != nil {
		t.Fatal(err)
	}
	after := m.Units()
	return Units{Write: after.Write - before.Write, Read: after.Read - before.Read}
}

func TestMeterChargesAPutByTheKilobyteAndForTheIndexByWhatItProjects(t *testing.T) {
	for _, c := range []struct {
		more  string
		bytes int
		want  float64
	}{
		{"", 1, 1}, {"", 1024 - 10, 1}, {"", 1024 - 9, 2}, {"", 3000, 3}, // pk, sk and body take ten
		{`,"failed_app":{"S":"a"}`, 2000, 2 + 1},
	} {
		request := `{"RequestItems":{"requests":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"b"},"body":{"S":"` +
			strings.Repeat("x", c.bytes) + `"}` + c.more + `}}}]}}`
		if got := charged(t, newMeter(), "BatchWriteItem", request, ""); got.Write != c.want {
			t.Errorf("%d bytes%s: got %v, want %v", c.bytes, c.more, got.Write, c.want)
		}
	}
}

func count(day, counts, set string) string {
	return fmt.Sprintf(`{"TableName":"buffer","Key":{"pk":{"S":"a"},"day":{"S":%q}},"UpdateExpression":"ADD %s SET %s",
		"ExpressionAttributeValues":{":one":{"N":"1"},":ten":{"N":"10"},":e":{"N":"5"},":f":{"S":"d#1"},":g":{"S":"d#2"}}}`, day, counts, set)
}

func TestMeterChargesAnUpdateForTheIndexOnlyWhenItsEntryIsNew(t *testing.T) {
	m := newMeter()
	for _, c := range []struct {
		what, request string
		want          float64
	}{
		{"a success", count("d", "success_count :one", "expires_at = :e"), 1},
		{"the day's first failure", count("d", "success_count :ten, error_count :one", "expires_at = :e, failing_day = :f"), 2},
		{"the next one", count("d", "error_count :ten", "expires_at = :e, failing_day = :f"), 1},
		{"another day", count("e", "error_count :one", "expires_at = :e, failing_day = :f"), 2},
	} {
		if got := charged(t, m, "UpdateItem", c.request, ""); got.Write != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got.Write, c.want)
		}
	}
	if m.Charge("UpdateItem", []byte(count("d", "error_count :one", "failing_day = :g")), nil) == nil {
		t.Error("another key in the index is taken")
	}
}

func TestMeterChargesAReadHalfUnlessItIsConsistent(t *testing.T) {
	answer := `{"Responses":{"apps":[{"id":{"S":"a"}},{"id":{"S":"` + strings.Repeat("x", 5000) + `"}}]}}`
	for consistent, want := range map[bool]float64{false: 2, true: 4} { // 1 and 2, and 1 for what is not there
		request := fmt.Sprintf(`{"RequestItems":{"apps":{"Keys":[{},{},{}],"ConsistentRead":%v}}}`, consistent)
		if got := charged(t, newMeter(), "BatchGetItem", request, answer); got.Read != want {
			t.Errorf("consistent %v: got %v, want %v", consistent, got.Read, want)
		}
	}
}

func TestMeterCountsNothingThatItDoesNotUnderstand(t *testing.T) {
	for operation, request := range map[string]string{
		"TransactWriteItems": `{}`,
		"UpdateItem":         `{"TableName":"buffer","Key":{"pk":{"S":"a"}},"UpdateExpression":"REMOVE x"}`,
		"BatchWriteItem":     `{"RequestItems":{"unknown":[{}]}}`,
	} {
		if newMeter().Charge(operation, []byte(request), nil) == nil {
			t.Errorf("%s is taken", operation)
		}
	}
}
