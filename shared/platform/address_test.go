package platform

import (
	"encoding/json"
	"fmt"
	"hookwarden/shared/tally"
	"slices"
	"strings"
	"testing"
)

// decodedOwners is the organization of an organization.put with this list of
// owners.
func decodedOwners(t *testing.T, list string) Organization {
	t.Helper()
	m, err := DecodeRegistry([]byte(change(t, orgPut, "organization.owners", list)))
	if err != nil {
		t.Fatalf("owners %.80s: %v", list, err)
	}
	return m.(OrganizationPut).Organization
}

var goodAddresses = map[string]string{ // as typed: as kept
	"ada@acme.example":                         "ada@acme.example",
	"ada.@docomo.ne.jp":                        "ada.@docomo.ne.jp",
	"a..b@docomo.ne.jp":                        "a..b@docomo.ne.jp",
	".ada@acme.example":                        ".ada@acme.example",
	`"ada"@acme.example`:                       `"ada"@acme.example`,
	`"a@b"@acme.example`:                       `"a@b"@acme.example`,
	"ada@acme.example ":                        "ada@acme.example",
	"\t ada@acme.example\r\n":                  "ada@acme.example",
	"\u200bada@acme.example\ufeff":             "ada@acme.example",
	"ada@acme.example.":                        "ada@acme.example",
	"ada@acme.example\u3002":                   "ada@acme.example",
	"ada@bücher.example":                       "ada@bücher.example",
	"ada@paral·lel.cat":                        "ada@paral·lel.cat",
	"ädä@acme.example":                         "ädä@acme.example",
	"ada+hooks/x=y@acme.example":               "ada+hooks/x=y@acme.example",
	"ada@localhost":                            "ada@localhost",
	strings.Repeat("a", 307) + "@acme.example": strings.Repeat("a", 307) + "@acme.example",
}

var badAddresses = []string{
	"", " ", "\u200b", "ada", "@", "ada@", "@acme.example", "ada@@acme.example", "ada@x@acme.example", `a"b@c"@acme.example`,
	"ada @acme.example", "ada@acme .example", `"ada l"@acme.example`, "Ada <ada@acme.example>", "Ada<ada@acme.example>",
	"ada@acme.example, bob@acme.example", "ada@acme.example\r\nBcc: x@acme.example", "a\u0000a@acme.example", "a\u202ea@acme.example",
	"a\ufffea@acme.example", "a\uffffa@acme.example", "a\u007fa@acme.example",
	"ada@acme..example", "ada@.acme.example", "ada@acme.example..", "ada@-acme.example", "ada@[127.0.0.1]", "ada@acme\ufffe.example",
	"ada@" + strings.Repeat("a", 64) + ".example", "ada@" + strings.Repeat("aaa.", 64) + "example",
	strings.Repeat("a", 308) + "@acme.example", "ada@acme" + strings.Repeat("\u200b", 200) + ".example",
}

func TestOwnersStayThoughOneOfThemIsBad(t *testing.T) {
	org := decodedOwners(t, `[{"email":"ada.@docomo.ne.jp","name":"Ada"},{"email":"hunter2"},{"email":null},{"name":"Eve"},null,{"email":"bob@acme.example"}]`)
	if want := []Owner{{Email: "ada.@docomo.ne.jp", Name: "Ada"}, {Email: "bob@acme.example"}}; !slices.Equal(org.Owners, want) {
		t.Errorf("owners %v", org.Owners)
	}
	want := []string{"owners[1].email must have one @", "owners[2].email is missing", "owners[3].email is missing", "owners[4].email is missing"}
	if !slices.Equal(org.OwnerErrors, want) {
		t.Errorf("errors %q", org.OwnerErrors)
	}
}

func TestAddressIsTakenAsItMayBeInUse(t *testing.T) {
	for typed, kept := range goodAddresses {
		org := decodedOwners(t, string(encode(t, []Owner{{Email: typed}})))
		if len(org.Owners) != 1 || org.Owners[0].Email != kept || org.OwnerErrors != nil {
			t.Errorf("%q: owners %v, errors %q", typed, org.Owners, org.OwnerErrors)
		}
	}
}

func TestAddressThatIsNoneIsLeftOutWithItsPlaceAndNoValue(t *testing.T) {
	for _, typed := range badAddresses {
		org := decodedOwners(t, string(encode(t, []Owner{{Email: "bob@acme.example"}, {Email: typed}})))
		if len(org.Owners) != 1 || len(org.OwnerErrors) != 1 || !strings.HasPrefix(org.OwnerErrors[0], "owners[1].email ") {
			t.Errorf("%q: owners %v, errors %q", typed, org.Owners, org.OwnerErrors)
			continue
		}
		checkDetail(t, &InvalidError{Problem: org.OwnerErrors[0]})
		if typed = strings.TrimSpace(typed); len(typed) > 1 && strings.Contains(org.OwnerErrors[0], typed) {
			t.Errorf("%q is quoted: %q", typed, org.OwnerErrors[0])
		}
	}
}

func TestNoticeGoesToEveryAddressThatAnOrganizationMayHave(t *testing.T) {
	for typed, kept := range goodAddresses {
		org := decodedOwners(t, string(encode(t, []Owner{{Email: typed}})))
		n := Notices(AppDisabled, App{ID: "17", Slug: "s", Name: "n"}, org, noticed)[0]
		n.Reason, n.DisabledAt, n.Evidence = "error", FormatTime(noticed), []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 1}}}
		body, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeNotice(body); err != nil || got.To.Email != kept {
			t.Errorf("%q: %q, %v", typed, got.To.Email, err)
		}
	}
	for _, typed := range badAddresses {
		_, err := DecodeNotice([]byte(change(t, string(encode(t, disabledNotice(t))), "to.email", string(encode(t, typed)))))
		if err == nil || !strings.HasPrefix(err.Error(), "to.email ") {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestOwnersAndTheirErrorsAreKeptAsFarAsOneItemHolds(t *testing.T) {
	var list []string
	for i := range 8000 {
		list = append(list, fmt.Sprintf(`{"email":"%d@acme.example"}`, i), `{"email":"x"}`)
	}
	org := decodedOwners(t, "["+strings.Join(list, ",")+"]")
	if len(org.Owners) != 400 || org.Owners[399].Email != "399@acme.example" {
		t.Errorf("%d owners, the last %v", len(org.Owners), org.Owners[len(org.Owners)-1])
	}
	if n := len(org.OwnerErrors); n != 101 || org.OwnerErrors[99] != "owners[199].email must have one @" ||
		org.OwnerErrors[100] != "owners: 15500 more are left out" {
		t.Errorf("%d errors, the last %q", n, org.OwnerErrors[n-1])
	}
	org = decodedOwners(t, "["+strings.Repeat(`{"email":"a@acme.example"},`, 400)+`{"email":"b@acme.example"},{"email":"c@acme.example"}]`)
	want := []string{"owners[400].email is one too many, at most 400 are kept", "owners[401].email is one too many, at most 400 are kept"}
	if !slices.Equal(org.OwnerErrors, want) {
		t.Errorf("errors %q", org.OwnerErrors)
	}
}

func TestActorIsKnownByTheAddressThatAnOwnerIsKeptWith(t *testing.T) {
	for typed, kept := range goodAddresses {
		m, err := DecodeRegistry([]byte(change(t, appEnable, "actor.email", string(encode(t, typed)))))
		if err != nil || m.(AppEnable).Actor.Email != kept {
			t.Errorf("%q: %v, %v", typed, m, err)
		}
	}
	m, err := DecodeRegistry([]byte(change(t, appEnable, "actor.email", `"no address"`)))
	if err != nil || m.(AppEnable).Actor.Email != "no address" {
		t.Errorf("%v, %v", m, err)
	}
}
