package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

var errNotWhole = errors.New("not a whole number")

// wholeNumber reads a valid JSON value that is a whole number in any of the forms
// that JSON has for it: 12, 12.0, 1.2e1. A language that knows but one kind of
// number writes what it likes. strconv.ErrRange if it does not fit into 64 bits.
func wholeNumber(raw json.RawMessage) (int64, error) {
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		return 0, errNotWhole
	}
	mantissa, exponent, _ := strings.Cut(string(bytes.ToLower(raw)), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	if digits == "" || digits == "-" {
		return 0, nil
	}
	shift := 0
	if exponent != "" {
		shift, _ = strconv.Atoi(exponent) // one that is out of range is cut to what is much too large, too
	}
	const most = 19 // digits of an int64
	switch shift += len(whole) - len(digits); {
	case shift < 0:
		return 0, errNotWhole
	case shift > most:
		return 0, strconv.ErrRange
	}
	return strconv.ParseInt(digits+strings.Repeat("0", shift), 10, 64)
}
