// Package capacity counts what DynamoDB charges for requests to on-demand
// tables, from the requests themselves, by the rules in its documentation.
package capacity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Table is what matters of a table: its key, and its secondary indexes.
type Table struct {
	Key     []string
	Indexes []Index
}

// Index is a global secondary index. An item without all of its key is not in it.
type Index struct {
	Key      []string
	Projects []string // with its key and the table's
}

// Units are capacity units.
type Units struct{ Write, Read float64 }

// Meter keeps what is written, and counts the units. It is safe for use by
// several goroutines.
type Meter struct {
	tables map[string]Table

	mu    sync.Mutex
	items map[string]Item // by table and key
	units Units
}

// NewMeter counts for tables, by their names.
func NewMeter(tables map[string]Table) *Meter {
	return &Meter{tables: tables, items: make(map[string]Item)}
}

// Units are those so far.
func (m *Meter) Units() Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.units
}

// Charge takes in a request that was answered. What it does not know it refuses,
// so that nothing is left out.
func (m *Meter) Charge(operation string, request, answer []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch operation {
	case "BatchWriteItem":
		return m.batchWrite(request)
	case "UpdateItem":
		return m.update(request)
	case "BatchGetItem":
		return m.batchGet(request, answer)
	case "SendMessageBatch":
		return nil // is SQS's
	}
	return errors.New("nobody knows what it costs")
}

func (m *Meter) batchWrite(request []byte) error {
	var in struct {
		RequestItems map[string][]struct{ PutRequest struct{ Item Item } }
	}
	if err := json.Unmarshal(request, &in); err != nil {
		return err
	}
	for name, writes := range in.RequestItems {
		for _, w := range writes {
			if err := m.write(name, w.PutRequest.Item); err != nil {
				return err
			}
		}
	}
	return nil
}

// update knows expressions of the form "ADD a :a, b :b SET c = :c". A count is
// taken to be as long as what is added to it.
func (m *Meter) update(request []byte) error {
	var in struct {
		TableName                 string
		Key                       Item
		UpdateExpression          string
		ExpressionAttributeValues Item
	}
	if err := json.Unmarshal(request, &in); err != nil {
		return err
	}
	if !regexp.MustCompile(`^((ADD|SET)( \w+( =)? :\w+,?)+ ?)+$`).MatchString(in.UpdateExpression) {
		return fmt.Errorf("the expression %q is of an unknown form", in.UpdateExpression)
	}
	after := maps.Clone(in.Key)
	maps.Copy(after, m.items[in.TableName+in.Key.key(m.tables[in.TableName].Key)])
	for _, term := range regexp.MustCompile(`(\w+)(?: =)? (:\w+)`).FindAllStringSubmatch(in.UpdateExpression, -1) {
		after[term[1]] = in.ExpressionAttributeValues[term[2]]
	}
	return m.write(in.TableName, after)
}

// write charges for the larger of the item before and after, and for each index
// that the item enters.
func (m *Meter) write(table string, after Item) error {
	t, known := m.tables[table]
	if !known {
		return fmt.Errorf("there is no table %q", table)
	}
	before := m.items[table+after.key(t.Key)]
	m.items[table+after.key(t.Key)] = after
	m.units.Write += units(1024, max(before.size(), after.size()))
	for _, x := range t.Indexes {
		switch was := before.key(x.Key); {
		case was == "" && after.key(x.Key) != "":
			m.units.Write += units(1024, after.only(slices.Concat(x.Key, t.Key, x.Projects)).size())
		case was != after.key(x.Key), was != "" && len(x.Projects) > 0:
			return fmt.Errorf("nobody knows what it costs that an entry of an index of %s changes", table)
		}
	}
	return nil
}

func (m *Meter) batchGet(request, answer []byte) error {
	var in struct {
		RequestItems map[string]struct {
			Keys           []Item
			ConsistentRead bool
		}
	}
	var out struct{ Responses map[string][]Item }
	if err := errors.Join(json.Unmarshal(request, &in), json.Unmarshal(answer, &out)); err != nil {
		return err
	}
	for name, get := range in.RequestItems {
		found := out.Responses[name]
		read := float64(len(get.Keys) - len(found)) // what is not there costs as the smallest
		for _, i := range found {
			read += units(4096, i.size())
		}
		if !get.ConsistentRead {
			read /= 2
		}
		m.units.Read += read
	}
	return nil
}

// units are rounded up item by item.
func units(bytes, size int) float64 { return float64(max(1, (size+bytes-1)/bytes)) }

// Item is an item as it is on the wire.
type Item map[string]value

// value is an attribute's value; one field is set.
type value struct {
	S, N *string
	B    []byte
	BOOL *bool
	NULL *bool
	L    []value
	M    Item
}

// size is an item's size in bytes: names in UTF-8, and values.
func (i Item) size() int {
	size := 0
	for name, v := range i {
		size += len(name) + v.size()
	}
	return size
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
	return 1 // a Boolean or null
}

// only is an item with no other attributes than these.
func (i Item) only(names []string) Item {
	part := maps.Clone(i)
	maps.DeleteFunc(part, func(name string, _ value) bool { return !slices.Contains(names, name) })
	return part
}

// key is empty for an item without all of these attributes.
func (i Item) key(names []string) string {
	key := ""
	for _, name := range names {
		if i[name].S == nil {
			return ""
		}
		key += "\x00" + *i[name].S
	}
	return key
}
