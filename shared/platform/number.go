package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

var errNotWhole = errors.New("not a whole number")

// wholeNumber reads a valid JSON value that is a whole number, in any form that
// JSON has for it: 12, 12.0, 1.2e1. A language with only one kind of number may
// write any of them. The error is strconv.ErrRange if the number does not fit
// into 64 bits.
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
		shift, _ = strconv.Atoi(exponent) // if it is out of range, Atoi returns the largest int, which is too large as well
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
