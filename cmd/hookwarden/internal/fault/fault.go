// Package fault holds the errors that end the program: each has a sentence, may have a
// hint that says what to do, and leads to one of four exit codes.
package fault

import (
	"errors"
	"fmt"
)

// Code is the program's exit code.
type Code int

// The exit codes.
const (
	Failed   Code = 1 // something did not work, at AWS or on the way there
	Usage    Code = 2 // the command line is wrong
	NotFound Code = 3 // what was asked for is not there
)

// Error is an error with a hint.
type Error struct {
	Code Code
	Err  error
	Hint string // a sentence that says what to do; may be empty
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// NewUsage says what is wrong with the command line.
func NewUsage(hint, format string, args ...any) *Error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...), Hint: hint}
}

// NewNotFound says what is not there.
func NewNotFound(hint, format string, args ...any) *Error {
	return &Error{Code: NotFound, Err: fmt.Errorf(format, args...), Hint: hint}
}

// NewFailed says what did not work.
func NewFailed(hint, format string, args ...any) *Error {
	return &Error{Code: Failed, Err: fmt.Errorf(format, args...), Hint: hint}
}

// CodeOf is the exit code of an error; 0 for none.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Failed
}
