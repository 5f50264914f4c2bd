package platform

import (
	"slices"
	"strings"
)

// Subscribable is the resources whose webhooks are sent only to apps that subscribed
// to them. All others need no subscription and reach a disabled app too.
type Subscribable []string

// AllSubscribable is every resource except installation, which tells an app that it
// was installed or uninstalled.
const AllSubscribable = "*"

// All reports whether it is AllSubscribable, and names no resource.
func (s Subscribable) All() bool { return slices.Equal(s, Subscribable{AllSubscribable}) }

// Has reports whether the resource needs a subscription.
func (s Subscribable) Has(resource string) bool {
	return slices.Contains(s, resource) || resource != "installation" && slices.Contains(s, AllSubscribable)
}

// Knows reports whether an entry of App.Events lets anything through: a resource
// that is subscribable, alone or with an action.
func (s Subscribable) Knows(entry string) bool {
	resource, action, single := strings.Cut(entry, ".")
	return s.Has(resource) && (!single || action != "")
}
