// Package capacity counts what DynamoDB charges for requests to on-demand
// tables, from the requests themselves, by the rules in its documentation.
package capacity

import (
	"maps"
	"slices"
	"strings"
)

// Item is an item as it is on the wire.
type Item map[string]Value

// Value is an attribute's value; one field is set.
type Value struct {
	S, N *string
	B    []byte
	BOOL *bool
	NULL *bool
	L    []Value
	M    Item
}

// Size is an item's size in bytes: names in UTF-8, and values.
func (i Item) Size() int {
	size := 0
	for name, v := range i {
		size += len(name) + v.size()
	}
	return size
}

// A list or a map takes 3 bytes, and 1 for each element.
func (v Value) size() int {
	switch {
	case v.S != nil:
		return len(*v.S)
	case v.N != nil:
		return numberSize(*v.N)
	case v.B != nil:
		return len(v.B)
	case v.L != nil:
		size := 3
		for _, element := range v.L {
			size += 1 + element.size()
		}
		return size
	case v.M != nil:
		return 3 + len(v.M) + v.M.Size()
	}
	return 1 // a Boolean or null
}

// numberSize is about a byte for two significant digits, and one more; a sign
// takes another. Zeros at either end are not significant.
func numberSize(n string) int {
	digits, negative := strings.CutPrefix(n, "-")
	digits = strings.Trim(strings.Replace(digits, ".", "", 1), "0")
	size := (len(digits)+1)/2 + 1
	if negative {
		size++
	}
	return size
}

// only is an item with no other attributes than these.
func (i Item) only(names []string) Item {
	part := make(Item)
	for _, name := range names {
		if v, ok := i[name]; ok {
			part[name] = v
		}
	}
	return part
}

// has reports whether an item has all these attributes.
func (i Item) has(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, ok := i[name]; return !ok })
}

func (i Item) key(names []string) string {
	var key []string
	for _, name := range names {
		if s := i[name].S; s != nil {
			key = append(key, *s)
		}
	}
	return strings.Join(key, "\x00")
}

func (i Item) with(other Item) Item {
	sum := maps.Clone(i)
	maps.Copy(sum, other)
	return sum
}
