package capacity

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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
	Projects []string // beside its key and the table's
}

// Meter keeps what is written, and counts the units. It is safe for use by
// several goroutines.
type Meter struct {
	tables map[string]Table

	mu    sync.Mutex
	items map[string]Item // by table and key
	units Units
}

// Units are capacity units.
type Units struct{ Write, Read float64 }

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
	case "SendMessage", "SendMessageBatch":
		return nil // is SQS's
	}
	return fmt.Errorf("nobody knows what %s costs", operation)
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
	after := in.Key.with(m.items[in.TableName+"\x00"+in.Key.key(m.tables[in.TableName].Key)])
	if err := apply(after, in.UpdateExpression, in.ExpressionAttributeValues); err != nil {
		return err
	}
	return m.write(in.TableName, after)
}

// apply applies an expression of the form "ADD a :a, b :b SET c = :c, d = :d".
func apply(to Item, expression string, values Item) error {
	term := regexp.MustCompile(`^(?:(ADD|SET) )?(\w+)( = | )(:\w+)$`)
	action := ""
	for part := range strings.SplitSeq(strings.ReplaceAll(expression, " SET ", ", SET "), ", ") {
		found := term.FindStringSubmatch(part)
		if found == nil {
			return fmt.Errorf("the expression %q is of an unknown form", expression)
		}
		if found[1] != "" {
			action = found[1]
		}
		name, value := found[2], values[found[4]]
		if action == "ADD" {
			value = sum(to[name], value)
		}
		to[name] = value
	}
	return nil
}

func sum(a, b Value) Value {
	total := 0
	for _, v := range []Value{a, b} {
		if v.N != nil {
			n, _ := strconv.Atoi(*v.N)
			total += n
		}
	}
	text := strconv.Itoa(total)
	return Value{N: &text}
}

// write charges for the larger of the item before and after, and for each index
// in which something changes: once for an entry that is new, gone or different,
// twice for one whose key changes.
func (m *Meter) write(table string, after Item) error {
	t, known := m.tables[table]
	if !known {
		return fmt.Errorf("there is no table %q", table)
	}
	at := table + "\x00" + after.key(t.Key)
	before := m.items[at]
	m.items[at] = after
	m.units.Write += writeUnits(max(before.Size(), after.Size()))
	for _, index := range t.Indexes {
		m.units.Write += index.units(t, before, after)
	}
	return nil
}

func (x Index) units(t Table, before, after Item) float64 {
	all := slices.Concat(x.Key, t.Key, x.Projects)
	was, is := before.has(x.Key), after.has(x.Key)
	old, now := before.only(all), after.only(all)
	switch {
	case !was && !is, was && is && reflect.DeepEqual(old, now):
		return 0
	case !was:
		return writeUnits(now.Size())
	case !is:
		return writeUnits(old.Size())
	case before.key(x.Key) != after.key(x.Key):
		return writeUnits(old.Size()) + writeUnits(now.Size())
	}
	return writeUnits(max(old.Size(), now.Size()))
}

func (m *Meter) batchGet(request, answer []byte) error {
	var in struct {
		RequestItems map[string]struct {
			Keys           []Item
			ConsistentRead bool
		}
	}
	var out struct{ Responses map[string][]Item }
	if err := json.Unmarshal(request, &in); err != nil {
		return err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return err
	}
	for name, get := range in.RequestItems {
		found := out.Responses[name]
		units := float64(len(get.Keys) - len(found)) // what is not there costs as the smallest
		for _, i := range found {
			units += readUnits(i.Size())
		}
		if !get.ConsistentRead {
			units /= 2
		}
		m.units.Read += units
	}
	return nil
}

// A write unit is 1 KB, a read unit 4 KB; both are rounded up item by item.
func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

func readUnits(size int) float64 { return float64(max(1, (size+4095)/4096)) }
