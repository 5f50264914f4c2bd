package env

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// deliver is the smallest environment in which the deliver function starts.
func deliver() map[string]string {
	return map[string]string{"APPS_TABLE": "a", "SECRETS_TABLE": "s", "SLOW_APPS_TABLE": "slow", "BUFFER_TABLE": "b", "REQUESTS_TABLE": "r",
		"RETRY_QUEUE_URL": "https://q/1/retry", "WEBHOOK_DLQ_URL": "https://q/1/dlq",
		"PLATFORM_ID": "billbird", "PLATFORM_NAME": "Billbird", "HEADER_PREFIX": "Billbird-", "SUBSCRIBABLE_RESOURCES": "invoice"}
}

func reader(variables map[string]string) *Reader {
	return NewReader(func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	})
}

func TestReaderGivesAbsentParametersTheTemplatesDefaults(t *testing.T) {
	r := reader(deliver())
	got := ReadDeliver(r)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	want := Deliver{
		AppsTable: "a", SecretsTable: "s", SlowAppsTable: "slow", BufferTable: "b", RequestsTable: "r",
		RetryQueueURL: "https://q/1/retry", WebhookDLQURL: "https://q/1/dlq",
		PlatformID: "billbird", PlatformName: "Billbird", HeaderPrefix: "Billbird-",
		Timeout: time.Second, RetryDelays: []time.Duration{300 * time.Second, 300 * time.Second, 300 * time.Second},
		MaxAge: 72 * time.Hour, Guarded: []platform.Status{platform.Internal}, RequestLog: "all",
		Subscribable: platform.Subscribable{"invoice"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rule := readRule(r); rule != (tally.Rule{WindowDays: 7, TimeoutThreshold: 1000, TimeoutMinShare: 0.5, GoneThreshold: 3, DeadDays: 5}) {
		t.Errorf("rule %+v", rule)
	}
}

func TestReaderSaysABadValueWithItsName(t *testing.T) {
	for variable, want := range map[string]string{
		"WEBHOOK_TIMEOUT_SECONDS=0.05":  "WEBHOOK_TIMEOUT_SECONDS must be a number from 0.1 to 30",
		"WEBHOOK_TIMEOUT_SECONDS=NaN":   "WEBHOOK_TIMEOUT_SECONDS must be a number from 0.1 to 30",
		"RETRY_DELAYS=300,x":            "RETRY_DELAYS must be whole seconds from 0 to 999999, separated by commas",
		"RETRY_DELAYS=-1":               "RETRY_DELAYS must be whole seconds from 0 to 999999, separated by commas",
		"RETRY_INTERNAL=yes":            `RETRY_INTERNAL must be false or true, not "yes"`,
		"MAX_AGE_HOURS=97":              "MAX_AGE_HOURS must be a whole number from 1 to 96",
		"REQUEST_LOG=some":              `REQUEST_LOG must be all or failures or off, not "some"`,
		"HEADER_PREFIX=X: y":            "HEADER_PREFIX may only have letters, digits and -",
		"HEADER_PREFIX=webhook-":        "HEADER_PREFIX must not be webhook-",
		"HEADER_PREFIX=Webhook-":        "HEADER_PREFIX must not be webhook-",
		"LOG_LEVEL=LOUD":                "LOG_LEVEL must be DEBUG, INFO, WARN or ERROR",
		"APPS_TABLE=":                   "APPS_TABLE is not set",
		"PLATFORM_ID=":                  "PLATFORM_ID is not set",
		"PLATFORM_NAME=":                "PLATFORM_NAME is not set",
		"HEADER_PREFIX=":                "HEADER_PREFIX is not set",
		"SUBSCRIBABLE_RESOURCES=":       "SUBSCRIBABLE_RESOURCES is not set",
		"WINDOW_DAYS=31":                "WINDOW_DAYS must be a whole number from 1 to 30",
		"TIMEOUT_THRESHOLD=0":           "TIMEOUT_THRESHOLD must be a whole number from 1 to 1000000000",
		"TIMEOUT_MIN_SHARE=1.1":         "TIMEOUT_MIN_SHARE must be a number from 0 to 1",
		"DEAD_DAYS=30":                  "DEAD_DAYS must be a whole number from 0 to 29",
		"GUARDED_STATUSES=internal,all": "GUARDED_STATUSES must be one or more of internal, unpublished, published, separated by commas",
		"GONE_THRESHOLD=-1":             "GONE_THRESHOLD must be a whole number from 0 to 1000000000",
		"DISABLE_MODE=off":              `DISABLE_MODE must be enforce or observe, not "off"`,
		"MAX_DISABLES_PER_HOUR=0":       "MAX_DISABLES_PER_HOUR must be a whole number from 1 to 1000000",
		"MAX_WARNINGS_PER_HOUR=-1":      "MAX_WARNINGS_PER_HOUR must be a whole number from 0 to 1000000",
		"EARLY_WARNING_MINUTES=1441":    "EARLY_WARNING_MINUTES must be a whole number from 0 to 1440",
		"WARN_AFTER_DAYS=3;5":           "WARN_AFTER_DAYS must be whole numbers from 1 to 29, separated by commas",
		"WARN_AFTER_DAYS=0,3":           "WARN_AFTER_DAYS must be whole numbers from 1 to 29, separated by commas",
		"WARN_AFTER_DAYS=30":            "WARN_AFTER_DAYS must be whole numbers from 1 to 29, separated by commas",
		"MAIL_FROM=Hook <a@b.example>":  "MAIL_FROM must be a mail address without a display name",
		"PLATFORM_URL=platform.example": "PLATFORM_URL must be a URL that starts with https://",
		"PREFERENCE_URL=mails":          "PREFERENCE_URL must be a URL that starts with https://",
		"FUNCTION_TIMEOUT_SECONDS=0":    "FUNCTION_TIMEOUT_SECONDS must be a number from 1 to 900",
		"ALLOW_PRIVATE_TARGETS=1":       `ALLOW_PRIVATE_TARGETS must be false or true, not "1"`,
		"REGISTRY_DLQ_URL=":             "REGISTRY_DLQ_URL is not set",
		"PLATFORM_LINKS=no":             `PLATFORM_LINKS must be true or false, not "no"`,

		"LOGO_URL=http://a.example/logo.png": "LOGO_URL must be a URL that starts with https://",
		"LOGO_URL=logo.png":                  "LOGO_URL must be a URL that starts with https://",
		"SUPPORT_URL=http://a.example/help":  "SUPPORT_URL must be a URL that starts with https://",
		"SUPPORT_URL=mailto:help@a.example":  "SUPPORT_URL must be a URL that starts with https://",
		"SUPPORT_URL=https://a.example/a b":  "SUPPORT_URL must be a URL without spaces, quotes and angle brackets",
		"REGISTRY_QUEUE_URL=":                "REGISTRY_QUEUE_URL is not set",

		"MAIL_FROM=hook@bücher.example":               "MAIL_FROM must be in 7-bit characters: write an international domain in Punycode (xn--…)",
		"MAIL_FROM=hööks@a.example":                   "MAIL_FROM must be in 7-bit characters",
		"PREFERENCE_URL=https://bücher.example/mails": "PREFERENCE_URL must be in 7-bit characters: write an international domain in Punycode (xn--…)",
		"PREFERENCE_URL=https://a.example/é":          "PREFERENCE_URL must be in 7-bit characters",
		"PREFERENCE_URL=https://a.example/a>, <b":     "PREFERENCE_URL must be a URL without spaces, commas and angle brackets",
		"PREFERENCE_URL=https://a.example/a b":        "PREFERENCE_URL must be a URL without spaces, commas and angle brackets",
	} {
		t.Run(variable, func(t *testing.T) {
			variables := deliver()
			for _, name := range []string{"ORGANIZATIONS_TABLE", "AUDIT_TABLE", "NOTICES_TABLE", "NOTIFICATION_QUEUE_URL", "REGISTRY_QUEUE_URL", "NOTIFICATION_DLQ_URL", "REGISTRY_DLQ_URL"} {
				variables[name] = "x"
			}
			variables["MAIL_FROM"], variables["PLATFORM_URL"] = "a@b.example", "https://platform.example"
			read := func() error {
				r := reader(variables)
				ReadDeliver(r)
				ReadRegister(r)
				ReadDisable(r)
				ReadNotify(r)
				r.Level()
				return r.Err()
			}
			if err := read(); err != nil {
				t.Fatal(err)
			}
			name, value, _ := strings.Cut(variable, "=")
			variables[name] = value
			if err := read(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestNotifyLeavesTheModelsLinksOutIfItIsTold(t *testing.T) {
	variables := map[string]string{"APPS_TABLE": "a", "NOTICES_TABLE": "n", "NOTIFICATION_QUEUE_URL": "q", "NOTIFICATION_DLQ_URL": "d",
		"MAIL_FROM": "a@b.example", "PLATFORM_URL": "https://platform.example", "PLATFORM_NAME": "B", "SUBSCRIBABLE_RESOURCES": "invoice"}
	for links, want := range map[string]string{"": "https://platform.example", "true": "https://platform.example", "false": ""} {
		variables["PLATFORM_LINKS"] = links
		r := reader(variables)
		if n := ReadNotify(r); n.PlatformURL != want || r.Err() != nil {
			t.Errorf("PLATFORM_LINKS=%s: %q, %v", links, n.PlatformURL, r.Err())
		}
	}
	variables["LOGO_URL"], variables["SUPPORT_URL"], variables["SUBSCRIBABLE_RESOURCES"] = "https://a.example/logo.png", "https://a.example/help", "*"
	r := reader(variables)
	if n := ReadNotify(r); n.LogoURL != "https://a.example/logo.png" || n.SupportURL != "https://a.example/help" || !n.Subscribable.All() || r.Err() != nil {
		t.Errorf("%+v, %v", n, r.Err())
	}
}

func TestReaderSaysAllFaultsAtOnce(t *testing.T) {
	r := reader(map[string]string{"RETRY_INTERNAL": "x"})
	ReadDeliver(r)
	for _, name := range []string{"APPS_TABLE", "SECRETS_TABLE", "SLOW_APPS_TABLE", "BUFFER_TABLE", "REQUESTS_TABLE", "RETRY_QUEUE_URL", "WEBHOOK_DLQ_URL", "RETRY_INTERNAL"} {
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestDelaysMayBeNoneAndLevelsInAnyCase(t *testing.T) {
	r := reader(map[string]string{"RETRY_DELAYS": "", "LOG_LEVEL": "wArN"})
	if d := r.Delays("RETRY_DELAYS", "300"); d != nil {
		t.Errorf("delays %v", d)
	}
	if l := r.Level(); l.String() != "WARN" || r.Err() != nil {
		t.Errorf("level %v, %v", l, r.Err())
	}
}

func TestDaysAreAscendingAndMayBeNone(t *testing.T) {
	for value, want := range map[string][]int{"": nil, " 0 ": nil, "5": {5}, "5, 3,5": {3, 5}} {
		r := reader(map[string]string{"WARN_AFTER_DAYS": value})
		if diff := cmp.Diff(want, r.Days("WARN_AFTER_DAYS", "1")); diff != "" || r.Err() != nil {
			t.Errorf("%q: %v %s", value, r.Err(), diff)
		}
	}
	if got := reader(nil).Days("WARN_AFTER_DAYS", "3,5"); !slices.Equal(got, []int{3, 5}) {
		t.Errorf("absent: %v", got)
	}
}

func TestResourcesAreAListOrAStar(t *testing.T) {
	for value, want := range map[string]platform.Subscribable{
		"invoice, payment_intent": {"invoice", "payment_intent"}, "*": {"*"},
		"installation": nil, "invoice,installation": nil, "invoice.created": nil, "invoice,*": nil, "invoice,": nil, "an invoice": nil, "facturé": nil,
	} {
		r := reader(map[string]string{"SUBSCRIBABLE_RESOURCES": value})
		if diff := cmp.Diff(want, r.Resources("SUBSCRIBABLE_RESOURCES")); diff != "" {
			t.Errorf("%q: %s", value, diff)
		}
		if err := r.Err(); (err == nil) == (want == nil) || err != nil && !strings.Contains(err.Error(), "SUBSCRIBABLE_RESOURCES must be") {
			t.Errorf("%q: error %v", value, err)
		}
	}
}

func TestEventsQueueIsNoneUnlessThePlatformWantsEvents(t *testing.T) {
	for _, url := range []string{"", "https://q/1/events"} {
		r := reader(map[string]string{"EVENTS_QUEUE_URL": url})
		if got := ReadDisable(r).EventsQueueURL; got != url {
			t.Errorf("disable: %q, want %q", got, url)
		}
		if got := ReadRegister(r).EventsQueueURL; got != url {
			t.Errorf("register: %q, want %q", got, url)
		}
		if got := ReadDeliver(r).EventsQueueURL; got != url {
			t.Errorf("deliver: %q, want %q", got, url)
		}
		if strings.Contains(r.Err().Error(), "EVENTS_QUEUE_URL") {
			t.Error(r.Err())
		}
	}
}
