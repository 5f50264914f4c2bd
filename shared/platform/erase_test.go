package platform

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const orgDelete = `{"type":"organization.delete","organization_id":"42","version":4}`

func TestOrganizationDeleteIsDecodedWhole(t *testing.T) {
	for _, message := range []string{orgDelete, change(t, orgDelete, "version", "4.0"), change(t, orgDelete, "unknown", anObject)} {
		got, err := DecodeRegistry([]byte(message))
		if diff := cmp.Diff(RegistryMessage(OrganizationDelete{OrganizationID: "42", Version: 4}), got); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", message, err, diff)
		}
	}
	if got, want := fmt.Sprint(NamesIn([]byte(orgDelete))), "[type organization.delete organization_id 42 version 4]"; got != want {
		t.Errorf("a log line names it %s, want %s", got, want)
	}
}

func TestOrganizationDeleteWithAWrongFieldIsInvalid(t *testing.T) {
	mustBeInvalid(t, DecodeRegistry, orgDelete, []bad{
		{path: "organization_id", raws: notID(64)},
		{path: "version", raws: notVersion()},
	})
}
