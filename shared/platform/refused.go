package platform

import "errors"

// ErrRefused is wrapped by what a store or a queue answers when it refuses
// something for good: it was surely not done, and no repeat will change that. What
// an operator can put right, such as a missing permission, and what passes, such as
// throttling, is never ErrRefused.
var ErrRefused = errors.New("refused for good")
