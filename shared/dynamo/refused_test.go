package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// answering is a client of a DynamoDB that answers each call with the same
// error.
func answering(t *testing.T, status int, body string) *dynamodb.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return dynamo.NewClient(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
}

func said(code string) string {
	return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"it says why"}`
}

func canceled(codes ...string) string {
	var reasons []string
	for _, code := range codes {
		reasons = append(reasons, `{"Code":"`+code+`"}`)
	}
	return `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"canceled","CancellationReasons":[` + strings.Join(reasons, ",") + `]}`
}

func TestRefusalForGoodIsToldFromWhatPasses(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		good   bool // for good
	}{
		{"an item that is too large", 400, said("ValidationException"), true},
		{"one that is too large in a transaction", 400, canceled("ValidationError", "None"), true},
		{"the same, with a conflict", 400, canceled("TransactionConflict", "ValidationError"), true},
		{"a request that it cannot read", 400, said("SerializationException"), true},
		{"a condition", 400, said("ConditionalCheckFailedException"), false},
		{"a condition of a transaction", 400, canceled("None", "ConditionalCheckFailed"), false},
		{"a conflict", 400, canceled("TransactionConflict", "None"), false},
		{"throttled in a transaction", 400, canceled("ThrottlingError", "None"), false},
		{"throttled", 400, said("ProvisionedThroughputExceededException"), false},
		{"throttled account", 400, said("ThrottlingException"), false},
		{"no permission", 400, said("AccessDeniedException"), false},
		{"no table", 400, said("ResourceNotFoundException"), false},
		{"expired credentials", 400, said("ExpiredTokenException"), false},
		{"its own failure", 500, said("InternalServerError"), false},
		{"not itself", 503, "<html>", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := dynamo.Apps{API: answering(t, c.status, c.body), Table: "apps", Secrets: "secrets"}.
				PutApp(t.Context(), platform.App{ID: "17", Status: platform.Internal, OrganizationID: "42"}, nil)
			if got := errors.Is(err, platform.ErrRefused); err == nil || got != c.good {
				t.Errorf("refused for good: %v, error %v", got, err)
			}
		})
	}
	t.Run("no connection", func(t *testing.T) {
		nobody := "http://127.0.0.1:1"
		_, _, err := dynamo.Apps{API: dynamo.NewClient(aws.Config{Region: "eu-west-1", BaseEndpoint: &nobody, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})}.ReadApp(t.Context(), "17")
		if err == nil || errors.Is(err, platform.ErrRefused) {
			t.Errorf("error %v", err)
		}
	})
}

func TestRefusalForGoodIsSaidByEveryTable(t *testing.T) {
	api := answering(t, 400, said("ValidationException"))
	app := platform.App{ID: "17", Status: platform.Internal, OrganizationID: "42", DisabledAt: noon}
	apps, state := dynamo.Apps{API: api, Table: "apps", Secrets: "secrets"}, dynamo.Standing{API: api, Apps: "apps", Audit: "audit"}
	organizations, notices := dynamo.Organizations{API: api, Table: "organizations"}, dynamo.Notices{API: api, Table: "notices"}
	brake, days := dynamo.Brake{API: api, Table: "audit"}, dynamo.Buffer{API: api, Table: "buffer"}
	apply := func(kind standing.Kind) func(context.Context) error {
		return func(ctx context.Context) error {
			return state.Apply(ctx, standing.Transition{Kind: kind, App: app, At: noon})
		}
	}
	for name, call := range map[string]func(context.Context) error{
		"PutApp":    func(ctx context.Context) error { return apps.PutApp(ctx, app, nil) },
		"DeleteApp": func(ctx context.Context) error { return apps.DeleteApp(ctx, "17", 1, noon) },
		"ReadApp":   func(ctx context.Context) error { _, _, err := apps.ReadApp(ctx, "17"); return err },
		"ReadApps":  func(ctx context.Context) error { _, _, err := apps.ReadApps(ctx, []string{"17"}); return err },
		"PutOrganization": func(ctx context.Context) error {
			return organizations.PutOrganization(ctx, platform.Organization{ID: "42"})
		},
		"ReadOrganization": func(ctx context.Context) error { _, _, err := organizations.ReadOrganization(ctx, "42"); return err },
		"Steer":            func(ctx context.Context) error { return state.Steer(ctx, app, noon) },
		"Enable":           apply(standing.Enabled),
		"Disable":          apply(standing.Disabled),
		"WouldDisable":     apply(standing.WouldDisable),
		"Made": func(ctx context.Context) error {
			_, err := state.Made(ctx, standing.Transition{App: app, At: noon})
			return err
		},
		"Mark": func(ctx context.Context) error {
			return state.Mark(ctx, standing.OwnersTold, standing.Transition{Kind: standing.Disabled, App: platform.App{ID: "17"}, At: noon}, noon)
		},
		"ReadDays": func(ctx context.Context) error {
			_, err := days.ReadDays(ctx, "17#42#1", "2026-11-24", "2026-11-24")
			return err
		},
		"ReadLatch": func(ctx context.Context) error { _, err := brake.ReadLatch(ctx, platform.BrakeDisable); return err },
		"SetLatch": func(ctx context.Context) error {
			return brake.SetLatch(ctx, platform.BrakeDisable, disabling.Latch{Since: noon, Until: noon})
		},
		"OpenBrake": func(ctx context.Context) error {
			return brake.OpenBrake(ctx, registry.Opening{Brake: platform.BrakeDisable, At: noon, Until: noon})
		},
		"ReadUntold":  func(ctx context.Context) error { return state.ReadUntold(ctx, 0, func(string) {}) },
		"ReadFailing": func(ctx context.Context) error { return days.ReadFailing(ctx, "2026-11-24#0", func(string) {}) },
		"Claim":       func(ctx context.Context) error { return notices.Claim(ctx, "n", noon, 1) },
		"MarkSent":    func(ctx context.Context) error { return notices.MarkSent(ctx, "n", "m", noon) },
		"MarkUnsent":  func(ctx context.Context) error { return notices.MarkUnsent(ctx, "n", notice.Refused, noon, noon) },
		"AddCounts": func(ctx context.Context) error {
			err := days.AddCounts(ctx, delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}, tally.Counts{Success: 1}, tally.Clues{})
			if !errors.Is(err, delivery.ErrNotAdded) {
				return errors.New("may have been added")
			}
			return err
		},
	} {
		if err := call(t.Context()); !errors.Is(err, platform.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
