package steering

import (
	"context"
	"fmt"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/queue"
)

// openDesk finds the stack.
func openDesk(ctx context.Context, s *session.Session) (*desk, error) {
	c, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string)
	for _, name := range []string{"REGISTRY_QUEUE_URL", "APPS_TABLE", "ORGANIZATIONS_TABLE", "AUDIT_TABLE", "REQUESTS_TABLE"} {
		if names[name], err = c.Name(name); err != nil {
			return nil, err
		}
	}
	return &desk{
		registry: registry{c.SQS, names["REGISTRY_QUEUE_URL"]},
		apps:     dynamo.Apps{API: c.DynamoDB, Table: names["APPS_TABLE"]},
		organizations: organizations{dynamo.Organizations{API: c.DynamoDB, Table: names["ORGANIZATIONS_TABLE"]},
			dynamo.AppIndex{API: c.DynamoDB, Table: names["APPS_TABLE"]}},
		brakes:   dynamo.Brake{API: c.DynamoDB, Table: names["AUDIT_TABLE"]},
		tests:    requests{dynamo.RequestsReader{API: c.DynamoDB, Table: names["REQUESTS_TABLE"]}, s.Now},
		identity: caller{sts.NewFromConfig(c.Config)},
		now:      s.Now,
		note:     s.Note,
	}, nil
}

type registry struct {
	api queue.API
	url string
}

// Send implements registryQueue.
func (r registry) Send(ctx context.Context, body []byte, group string) (unknown bool, err error) {
	text := string(body)
	unsent := queue.Send(ctx, r.api, r.url, []types.SendMessageBatchRequestEntry{{MessageBody: &text, MessageGroupId: &group}})
	if len(unsent) == 0 {
		return false, nil
	}
	return unsent[0].MayBeQueued, unsent[0].Err
}

type organizations struct {
	dynamo.Organizations
	index dynamo.AppIndex
}

// CountApps implements organizationReader.
func (o organizations) CountApps(ctx context.Context, id string) (int, error) {
	return o.index.CountOfOrganization(ctx, id)
}

type requests struct {
	dynamo.RequestsReader
	now func() time.Time
}

// How much of the log is looked at for a test, at most.
const (
	maxEntries  = 2000
	maxRequests = 100
)

// FindTest implements testReader. It looks through the log's newest entries, back to when
// the test began.
func (r requests) FindTest(ctx context.Context, appID, testID string, since time.Time) (delivery.Entry, bool, error) {
	found, err := r.Search(ctx, dynamo.LogSearch{AppID: appID, WebhookID: testID, Since: since, Until: r.now().AddDate(0, 0, 1), // clocks differ
		Wanted: 1, Read: maxEntries, MaxRequests: maxRequests})
	switch {
	case err != nil:
		return delivery.Entry{}, false, err
	case len(found.Entries) > 0:
		return r.ReadEntry(ctx, appID, dynamo.EntryKey(found.Entries[0]))
	case !found.Whole:
		return delivery.Entry{}, false, fmt.Errorf("the test is not among the newest %d entries of the log", found.Read)
	}
	return delivery.Entry{}, false, nil
}

type caller struct{ client *sts.Client }

// Who implements identity.
func (c caller) Who(ctx context.Context) (string, time.Time, error) {
	out, err := c.client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", time.Time{}, err
	}
	now, _ := awsmiddleware.GetServerTime(out.ResultMetadata)
	return *out.Arn, now, nil
}
