package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Meter counts the units that DynamoDB charges for requests to on-demand tables.
// It looks at the requests and uses the rules in DynamoDB's documentation. It is
// safe for concurrent use.
type Meter struct {
	indexes map[string]string // see NewMeter

	mu          sync.Mutex
	entries     map[string]string // entries of indexes: the index's key, by table and item
	write, read float64
}

// NewMeter makes a Meter for tables with at most one index each. indexes names, by
// table, the attribute that puts an item into the index. An entry is smaller than
// a KB.
func NewMeter(indexes map[string]string) *Meter {
	return &Meter{indexes: indexes, entries: make(map[string]string)}
}

// Units returns the units so far.
func (m *Meter) Units() (write, read float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write, m.read
}

// Charge counts a request that was answered. It refuses requests that it does not
// know, so that nothing is left out.
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
			for _, p := range puts { // each put is a new item
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
			units := float64(len(get.Keys) - len(out.Responses[table])) // a missing item costs as much as the smallest one
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
		return nil // a request to SQS
	}
	return errors.New("its cost is unknown")
}

// eachTable decodes a batch's part for each table, in the form of its operation.
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
	return errors.New("the cost of moving an index's entry is unknown")
}

// updated is what an expression of the form "ADD a :a, b :b SET c = :c" changes. A
// count is assumed to be as long as what is added to it.
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

// begun is how many units of a size are begun: 1 KB for a write, 4 KB for a read.
func begun(unit, size int) float64 { return float64(max(1, (size+unit-1)/unit)) }

// item is an item on the wire.
type item map[string]value

// value is an attribute's value. One field is set, or none if it is a Boolean or
// null.
type value struct {
	S, N *string
	B    []byte
	L    []value
	M    item
}

// size is the item's size in bytes: its names in UTF-8 and its values.
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
	case v.N != nil: // a byte for two significant digits, one more byte, and another for a sign
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
