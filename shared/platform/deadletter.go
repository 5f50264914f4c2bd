package platform

// Reason is the stable code that a dead letter carries.
type Reason string

// Reasons of the dead letters of more than one queue.
const (
	ReasonInvalid    Reason = "invalid_message"
	ReasonUnknownApp Reason = "unknown_app"
	ReasonExpired    Reason = "expired"
	ReasonRefused    Reason = "refused" // ErrRefused
)

// Attribute is one attribute of a message as its producer set it. hookwarden does
// not interpret it.
type Attribute struct {
	Type   string // as in "String" or "Number.price"
	Text   string
	Binary []byte
}
