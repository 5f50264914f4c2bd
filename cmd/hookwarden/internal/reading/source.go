package reading

import (
	"context"
	"time"

	"hookwarden/cmd/hookwarden/internal/parallel"
	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// source is where the commands read a stack. Each of its calls is bounded.
type source struct {
	stack string

	apps          appReader
	finder        appFinder
	organizations organizationReader
	days          dayReader
	failing       failingReader
	log           logReader
	audit         auditReader
	notices       noticeReader
	brake         brakeReader
	queues        queueReader
	watch         watchReader
	settings      settingsReader
	mail          suppressionReader
}

type appReader interface {
	ReadApp(ctx context.Context, id string) (platform.App, bool, error)
	ReadSome(ctx context.Context, ids []string) ([]platform.App, error) // in any order
}

type appFinder interface {
	ReadStanding(ctx context.Context, standing string, part int) (ids []string, more bool, err error)
	Scan(ctx context.Context, after string) (apps []platform.App, next string, err error)
	CountApps(ctx context.Context) (int64, error) // as DynamoDB counted some hours ago
}

type organizationReader interface {
	ReadOrganization(ctx context.Context, id string) (platform.Organization, bool, error)
}

type dayReader interface {
	ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error)
}

type failingReader interface {
	ReadFailing(ctx context.Context, partition string) (keys []string, more bool, err error)
	ReadDay(ctx context.Context, date tally.Date, keys []string) (map[string]tally.Day, error)
}

type logReader interface {
	Search(ctx context.Context, s dynamo.LogSearch) (dynamo.LogFound, error)
	ReadEntry(ctx context.Context, appID, key string) (delivery.Entry, bool, error)
}

type auditReader interface {
	Read(ctx context.Context, q dynamo.AuditQuery) (dynamo.AuditPage, error)
}

type noticeReader interface {
	ReadNotices(ctx context.Context, ids []string) (map[string]dynamo.NoticeState, error)
}

type brakeReader interface {
	ReadLatch(ctx context.Context, brake platform.Brake) (disabling.Latch, error)
	ReadHour(ctx context.Context, brake platform.Brake, at time.Time) (int64, error)
}

// depth is how much is in a queue.
type depth struct {
	Waiting  int64 `json:"waiting"`
	Delayed  int64 `json:"delayed"`
	InFlight int64 `json:"in_flight"`
}

func (d depth) all() int64 { return d.Waiting + d.Delayed + d.InFlight }

type queueReader interface {
	// ReadDepth reads a queue that is named as in "RETRY_QUEUE_URL"; false if the stack has
	// none of the name.
	ReadDepth(ctx context.Context, name string) (depth, bool, error)
}

// alarm is one that rings.
type alarm struct {
	Name  string // its logical id, as in DeliverErrorsAlarm
	Since time.Time
	Why   string
}

// watchReader reads what CloudWatch knows. Engines on this machine may answer with errors.
type watchReader interface {
	// ReadAges reads how old the oldest message of queues is, named as in "RETRY_QUEUE_URL".
	// Queues that are not known are left out.
	ReadAges(ctx context.Context, names []string) (map[string]time.Duration, error)
	ReadAlarms(ctx context.Context) (ringing []alarm, err error)
}

type settingsReader interface {
	ReadDisable(ctx context.Context) (env.Disable, error)
	ReadDeliver(ctx context.Context) (env.Deliver, error)
	ReadPaused(ctx context.Context) ([]paused, error)
}

// paused is something that starts a function, and is turned off.
type paused struct {
	Name string `json:"name"` // as in WebhookQueue, or hourly sweep
	What string `json:"what"` // for `resume`: deliveries or disablings
}

// suppression is whether SES sends to an address at all.
type suppression struct {
	Known      bool      // false: the engine, or the person's permissions, do not say
	Suppressed bool      // SES drops what is sent there
	Reason     string    // BOUNCE or COMPLAINT
	Since      time.Time // when it was put on the list
}

type suppressionReader interface {
	ReadSuppression(ctx context.Context, address string) (suppression, error)
}

// atOnce is how many calls are made at the same time.
const atOnce = 16

func each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	return parallel.Each(ctx, n, atOnce, work)
}

// together makes calls at the same time, and returns the first error.
func together(ctx context.Context, calls ...func(context.Context) error) error {
	return each(ctx, len(calls), func(ctx context.Context, i int) error { return calls[i](ctx) })
}

// parts reads all parts of an index, one request each.
func parts(ctx context.Context, read func(ctx context.Context, part int) ([]string, bool, error)) (all []string, more bool, err error) {
	var found [tally.Shards][]string
	var others [tally.Shards]bool
	err = each(ctx, tally.Shards, func(ctx context.Context, part int) (err error) {
		found[part], others[part], err = read(ctx, part)
		return err
	})
	for part := range found {
		all = append(all, found[part]...)
		more = more || others[part]
	}
	return all, more, err
}
