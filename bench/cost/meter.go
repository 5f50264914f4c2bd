package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Meter counts what DynamoDB charges for requests to on-demand tables, from the
// requests themselves, by the rules in its documentation. It is safe for use by
// several goroutines.
type Meter struct {
	indexes map[string]string // see NewMeter

	mu          sync.Mutex
	entries     map[string]string // of indexes: the index's key, by table and item
	write, read float64
}

// NewMeter counts for tables with at most one index each: indexes names, by table,
// the attribute without which an item is not in it. An entry is below a KB.
func NewMeter(indexes map[string]string) *Meter {
	return &Meter{indexes: indexes, entries: make(map[string]string)}
}

// Units are those so far.
func (m *Meter) Units() (write, read float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write, m.read
}

// Charge takes in a request that was answered. What it does not know it refuses,
// so that nothing is left out.
func (m *Meter) Charge(operation string, request, answer []byte) error {
	var in struct {
		TableName                 string
		Key                       item
		UpdateExpression          string
		ExpressionAttributeValues item
		RequestItems              map[string]json.RawMessage
	}
	var out struct{ Responses map[string][]item }
	if err := errors.Join(json.Unmarshal(request, &in), json.Unmarshal(answer, &out)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch operation {
	case "BatchWriteItem":
		return eachTable(in.RequestItems, func(table string, puts []struct{ PutRequest struct{ Item item } }) error {
			for _, p := range puts { // each a new item
				m.write += begun(1024, p.PutRequest.Item.size())
				if p.PutRequest.Item[m.indexes[table]].S != nil {
					m.write++
				}
			}
			return nil
		})
	case "UpdateItem":
		set, err := updated(in.UpdateExpression, in.ExpressionAttributeValues)
		if err != nil {
			return err
		}
		m.write += begun(1024, in.Key.size()+set.size())
		key, err := json.Marshal(in.Key)
		if entry := set[m.indexes[in.TableName]].S; entry != nil && err == nil {
			return m.enter(in.TableName+string(key), *entry)
		}
		return err
	case "BatchGetItem":
		return eachTable(in.RequestItems, func(table string, get struct {
			Keys           []item
			ConsistentRead bool
		}) error {
			units := float64(len(get.Keys) - len(out.Responses[table])) // what is not there costs as the smallest
			for _, found := range out.Responses[table] {
				units += begun(4096, found.size())
			}
			if !get.ConsistentRead {
				units /= 2
			}
			m.read += units
			return nil
		})
	case "SendMessageBatch":
		return nil // is SQS's
	}
	return errors.New("nobody knows what it costs")
}

// eachTable decodes what a batch has for each table, in its operation's form.
func eachTable[T any](batch map[string]json.RawMessage, take func(table string, of T) error) error {
	for table, text := range batch {
		var of T
		if err := json.Unmarshal(text, &of); err != nil {
			return err
		}
		if err := take(table, of); err != nil {
			return err
		}
	}
	return nil
}

// enter charges for an entry of an index if it is new.
func (m *Meter) enter(item, entry string) error {
	switch m.entries[item] {
	case entry:
		return nil
	case "":
		m.entries[item] = entry
		m.write++
		return nil
	}
	return errors.New("nobody knows what it costs that an entry of an index moves")
}

// updated is what an expression of the form "ADD a :a, b :b SET c = :c" changes. A
// count is taken to be as long as what is added to it.
func updated(expression string, values item) (item, error) {
	if !regexp.MustCompile(`^((ADD|SET)( \w+( =)? :\w+,?)+ ?)+$`).MatchString(expression) {
		return nil, fmt.Errorf("the expression %q is of an unknown form", expression)
	}
	set := make(item)
	for _, term := range regexp.MustCompile(`(\w+)(?: =)? (:\w+)`).FindAllStringSubmatch(expression, -1) {
		set[term[1]] = values[term[2]]
	}
	return set, nil
}

// begun are units of so many bytes: of a write 1 KB, of a read 4 KB.
func begun(unit, size int) float64 { return float64(max(1, (size+unit-1)/unit)) }

// item is one as it is on the wire.
type item map[string]value

// value is an attribute's value; one field is set, or it is a Boolean or null.
type value struct {
	S, N *string
	B    []byte
	L    []value
	M    item
}

// size is in bytes: names in UTF-8, and values.
func (i item) size() (bytes int) {
	for name, v := range i {
		bytes += len(name) + v.size()
	}
	return bytes
}

// A list or a map takes 3 bytes, and 1 for each element.
func (v value) size() int {
	switch {
	case v.S != nil:
		return len(*v.S)
	case v.N != nil: // a byte for two significant digits and one more; a sign takes another
		digits := strings.Trim(strings.Trim(strings.Replace(*v.N, ".", "", 1), "-"), "0")
		return (len(digits)+1)/2 + 1 + strings.Count(*v.N, "-")
	case v.B != nil:
		return len(v.B)
	case v.L != nil:
		size := 3
		for _, element := range v.L {
			size += 1 + element.size()
		}
		return size
	case v.M != nil:
		return 3 + len(v.M) + v.M.size()
	}
	return 1
}
