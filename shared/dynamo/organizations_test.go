package dynamo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

func TestOrganizationComesBackAsItWasPut(t *testing.T) {
	e := newEngine()
	organizations := dynamo.Organizations{API: e, Table: "organizations"}
	for _, want := range []platform.Organization{
		{ID: "42", Version: 1, Slug: "acme", Name: "Acme", OwnerErrors: []string{"owners[0].email is missing"},
			Owners: []platform.Owner{{Email: "ada@acme.example", Name: "Ada"}, {Email: "bob@acme.example"}}},
		{ID: "42", Version: 2, Slug: "acme", Name: "Acme", Owners: []platform.Owner{{Email: "bob@acme.example"}}},
		{ID: "42", Version: 3, Slug: "acme", Name: "Acme", OwnerErrors: []string{"owners[0].email must have one @"}},
	} {
		if err := organizations.PutOrganization(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, found, err := organizations.ReadOrganization(t.Context(), "42")
		if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
			t.Errorf("found %v, error %v (-want +got):\n%s", found, err, diff)
		}
	}
	if left := e.tables["organizations"]["42"]; left["owners"] != nil {
		t.Errorf("no owners are stored as %v", left["owners"])
	}
}
