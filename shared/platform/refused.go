package platform

import "errors"

// ErrRefused is wrapped by the error of a store or a queue that permanently refuses
// something: it was not done, and no repeat will change that. What an operator can
// fix, such as a missing permission, and what passes, such as throttling, is never
// ErrRefused.
var ErrRefused = errors.New("refused for good")
