package dynamo_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// itemLimit is DynamoDB's limit: 400 KB.
const itemLimit = 400 << 10

// itemSize is a value's size as DynamoDB counts it, or a little more.
func itemSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberL:
		n := 3
		for _, e := range v.Value {
			n += 1 + itemSize(e)
		}
		return n
	case *types.AttributeValueMemberM:
		return 3 + sizeOf(v.Value)
	}
	return 21 // a number
}

func sizeOf(item attributes) int {
	n := 0
	for name, v := range item {
		n += 1 + len(name) + itemSize(v)
	}
	return n
}

// decoded is the message that the platform sends with these fields.
func decoded[M platform.RegistryMessage](t *testing.T, fields map[string]any) M {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	m, err := platform.DecodeRegistry(body)
	if err != nil {
		t.Fatal(err)
	}
	return m.(M)
}

// What is kept of a message can be written, however large the message was.
// Otherwise the message would come back until SQS moved it to the dead-letter
// queue, without a reason.
func TestItemsHaveRoomForWhateverIsTaken(t *testing.T) {
	long := strings.Repeat("é", 250_000)
	word := func(n int) string { return strings.Repeat("w", n) }
	e := newEngine()

	events, secrets := make([]string, 500), make([]string, 5)
	for i := range events {
		events[i] = fmt.Sprint(1000+i) + word(124)
	}
	for i := range secrets {
		secrets[i] = word(4096)
	}
	put := decoded[platform.AppPut](t, map[string]any{"type": "app.put", "version": 1, "app": map[string]any{"id": word(64), "uuid": word(256),
		"slug": word(128), "name": long, "status": "internal", "organization_id": word(64), "webhook_url": long, "secrets": secrets, "events": events}})
	put.App.WebhookURLError = word(512)
	apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
	if err := apps.PutApp(t.Context(), put.App, put.Secrets); err != nil {
		t.Fatal(err)
	}
	app := put.App
	app.EnabledAt, app.NotifiedAt = noon, noon
	d := e.disabling(t, app.ID)
	for range 31 {
		d.Evidence = append(d.Evidence, tally.Day{Date: "2026-11-24", Counts: tally.Counts{Success: 1 << 40, Error: 1 << 40, Timeout: 1 << 40, Gone: 1 << 40, Fatal: 1 << 40}})
	}
	if err := e.standing().Apply(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	app, _, err := e.apps().ReadApp(t.Context(), app.ID)
	if err != nil {
		t.Fatal(err)
	}
	actor := `{"email":"ada@acme.example","":"nameless"`
	for i := 0; len(actor) < 8180; i++ {
		actor += fmt.Sprintf(`,"%d":1`, i)
	}
	enable := decoded[platform.AppEnable](t, map[string]any{"type": "app.enable", "app_id": app.ID, "actor": json.RawMessage(actor + "}")})
	if err := e.standing().Apply(t.Context(), enabling(app, noon.Add(1), enable.Actor)); err != nil {
		t.Fatal(err)
	}

	owners := make([]any, 800)
	for i := range owners {
		owners[i] = map[string]any{"email": word(302) + fmt.Sprintf("%05d@acme.example", i), "name": strings.Repeat("é", 300)}
		if i%2 == 0 {
			owners[i] = map[string]any{"email": "no address"}
		}
	}
	org := decoded[platform.OrganizationPut](t, map[string]any{"type": "organization.put", "version": 1,
		"organization": map[string]any{"id": word(64), "slug": word(128), "name": long, "owners": owners}})
	if len(org.Organization.Owners) != 400 || len(org.Organization.OwnerErrors) != 101 {
		t.Fatalf("%d owners, %d errors", len(org.Organization.Owners), len(org.Organization.OwnerErrors))
	}
	if err := (dynamo.Organizations{API: e, Table: "organizations"}).PutOrganization(t.Context(), org.Organization); err != nil {
		t.Fatal(err)
	}

	for table, items := range e.tables {
		for key, item := range items {
			if n := sizeOf(item); n > itemLimit {
				t.Errorf("%s %.20s: %d bytes", table, key, n)
			}
			if actor, ok := item["actor"].(*types.AttributeValueMemberM); ok && actor.Value[""] != nil {
				t.Errorf("%s %.20s: an attribute without a name", table, key)
			}
		}
	}
}
