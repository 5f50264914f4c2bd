package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

func TestRecordWithoutAnImageIsNone(t *testing.T) {
	image := func() map[string]events.DynamoDBAttributeValue {
		return map[string]events.DynamoDBAttributeValue{
			"pk": events.NewStringAttribute("17#42#1"), "day": events.NewStringAttribute("2026-11-24"),
			"success_count": events.NewNumberAttribute("1"), "error_count": events.NewNumberAttribute("2"),
			"timeout_count": events.NewNumberAttribute("3"), "gone_count": events.NewNumberAttribute("4"), "fatal_count": events.NewNumberAttribute("5"),
			"failing_day": events.NewStringAttribute("2026-11-24#3"), "expires_at": events.NewNumberAttribute("1"),
		}
	}
	record := func(image map[string]events.DynamoDBAttributeValue) events.DynamoDBEventRecord {
		return events.DynamoDBEventRecord{EventName: "MODIFY", Change: events.DynamoDBStreamRecord{SequenceNumber: "111", NewImage: image}}
	}
	want := disabling.Record{Sequence: "111", Key: "17#42#1", Day: tally.Day{Date: "2026-11-24",
		Counts: tally.Counts{Success: 1, Error: 2, Timeout: 3, Gone: 4, Fatal: 5}}}
	if got, ok := dynamo.DecodeRecord(record(image())); !ok || got != want {
		t.Errorf("got %+v, %t, want %+v", got, ok, want)
	}
	few := image()
	for _, name := range []string{"success_count", "timeout_count", "gone_count", "fatal_count"} {
		delete(few, name)
	}
	want.Day.Counts = tally.Counts{Error: 2}
	if got, ok := dynamo.DecodeRecord(record(few)); !ok || got != want {
		t.Errorf("of an image with errors alone: %+v, %t, want %+v", got, ok, want)
	}
	for name, change := range map[string]func(map[string]events.DynamoDBAttributeValue){
		"no image": func(i map[string]events.DynamoDBAttributeValue) { clear(i) },
		"no pk":    func(i map[string]events.DynamoDBAttributeValue) { delete(i, "pk") },
		"no day":   func(i map[string]events.DynamoDBAttributeValue) { delete(i, "day") },
		"a day that is none": func(i map[string]events.DynamoDBAttributeValue) {
			i["day"] = events.NewStringAttribute("2026-11-31")
		},
		"a day that is a number": func(i map[string]events.DynamoDBAttributeValue) { i["day"] = events.NewNumberAttribute("1") },
	} {
		i := image()
		change(i)
		if got, ok := dynamo.DecodeRecord(record(i)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got, ok := dynamo.DecodeRecord(events.DynamoDBEventRecord{EventName: "REMOVE"}); ok {
		t.Errorf("of an item that was deleted: %+v", got)
	}
}

func TestStreamIsAnsweredWithAListEvenIfNothingFailed(t *testing.T) {
	s := newStreamWorld()
	flushed := 0
	handler := dynamo.Stream(s.job, func() { flushed++ })
	answer, err := handler(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{{EventName: "REMOVE"}}})
	if err != nil || answer.BatchItemFailures == nil || len(answer.BatchItemFailures) > 0 || flushed != 1 {
		t.Errorf("answer %#v, %v, flushed %d times", answer, err, flushed)
	}
}

// A mapping does what Lambda's documentation says about an event source mapping
// of a stream with partial batch responses, bisecting, a retry limit and an
// on-failure destination. Each lane hands over the records of its items in the
// order of the stream, and goes on only when they are done or given up. Lanes
// come in any order. Any batch may come twice.
type mapping struct {
	handler func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)
	batch   int
	retries int
	lanes   [4]lane
	lost    map[string]bool // keys of records that were given up: the on-failure destination
}

type lane struct {
	records []events.DynamoDBEventRecord
	size    int // of the next batch, while the last one is being tried again; 0: a full batch
	tries   int // of that batch
}

// write adds a record to the stream for each change of an item. The filter
// drops records without a failure.
func (m *mapping) write(sequence int, was, now attributes) {
	if now == nil {
		return // NEW_IMAGE is empty
	}
	if now["error_count"] == nil && now["timeout_count"] == nil && now["fatal_count"] == nil {
		return
	}
	image := make(map[string]events.DynamoDBAttributeValue)
	for name, value := range now {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			image[name] = events.NewStringAttribute(v.Value)
		case *types.AttributeValueMemberN:
			image[name] = events.NewNumberAttribute(v.Value)
		}
	}
	kind := "MODIFY"
	if was == nil {
		kind = "INSERT"
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, textOf(now["pk"])+textOf(now["day"]))
	l := &m.lanes[h.Sum32()%uint32(len(m.lanes))]
	l.records = append(l.records, events.DynamoDBEventRecord{EventName: kind,
		Change: events.DynamoDBStreamRecord{SequenceNumber: fmt.Sprintf("%021d", sequence), NewImage: image}})
}

// poll hands over the next batch of a lane.
func (m *mapping) poll(ctx context.Context, l *lane) {
	size := min(m.batch, len(l.records))
	if l.size > 0 {
		size = l.size
	}
	if size == 0 {
		return
	}
	batch := l.records[:size]
	answer, err := m.handler(ctx, events.DynamoDBEvent{Records: slices.Clone(batch)})
	first := 0 // the first record to be tried again
	if err == nil {
		first = size
	}
	for _, failure := range answer.BatchItemFailures { // the lowest of them counts
		at := slices.IndexFunc(batch, func(r events.DynamoDBEventRecord) bool { return r.Change.SequenceNumber == failure.ItemIdentifier })
		first = min(first, max(at, 0))
	}
	l.records = l.records[first:]
	left := size - first
	switch {
	case left == 0:
		l.size, l.tries = 0, 0
	case err != nil && left > 1:
		l.size = left / 2 // bisected, which does not count as a retry
	case first > 0:
		l.size, l.tries = left, 1
	case l.tries >= m.retries:
		for _, r := range l.records[:left] {
			m.lost[r.Change.NewImage["pk"].String()] = true
		}
		l.records, l.size, l.tries = l.records[left:], 0, 0
	default:
		l.size, l.tries = left, l.tries+1
	}
}

// A streamWorld is an engine and the stream of its Buffer, which is mapped to
// the handler.
type streamWorld struct {
	*engine
	mapping
	job      *disabling.Job
	registry *registry.Job
	now      time.Time
	sequence int
	notices  []platform.Notice
	last     map[string]tally.Day // the image of each app's last record, by key
	wrongly  []string             // disablings of apps that were not broken
	broken   map[string]bool      // apps that cannot be read, by id
	panics   map[string]bool      // apps whose reading panics
	stumbles []stumble            // faults of the next calls
}

// A stumble is a fault that happens once.
type stumble int

const (
	none stumble = iota
	refused
	answerLost
)

func newStreamWorld() *streamWorld {
	s := &streamWorld{engine: newEngine(), now: noon, last: make(map[string]tally.Day),
		broken: make(map[string]bool), panics: make(map[string]bool)}
	quiet := slog.New(slog.DiscardHandler)
	clock := func() time.Time { s.now = s.now.Add(time.Millisecond); return s.now }
	organizations := dynamo.Organizations{API: s.engine, Table: "organizations"}
	rule := tally.Rule{WindowDays: 3, TimeoutThreshold: 5, TimeoutMinShare: 0.5, GoneThreshold: 2}
	chain := standing.New(standing.Config{Rule: rule}, standing.Deps{Apps: s.apps(), Organizations: organizations, Transitions: s.standing(),
		Notices: s, Metrics: s, Logger: quiet, Now: clock})
	s.job = disabling.New(disabling.Config{Mode: disabling.Enforce, MaxPerHour: 1000, Guarded: []platform.Status{platform.Internal}, Rule: rule},
		disabling.Deps{Standing: chain, Days: s.buffer(), Brake: s.brake(), Untold: s.standing(), Warnings: s.standing(), Bookmark: dynamo.Bookmark{API: s.engine, Table: "audit"}, Metrics: s, Logger: quiet, Now: clock})
	s.registry = registry.New(registry.Config{}, registry.Deps{Apps: s.apps(), Organizations: organizations,
		Standing: chain, Steering: s.standing(), Brake: s.brake(), Metrics: s, Logger: quiet})
	s.mapping = mapping{handler: dynamo.Stream(s.job, func() {}), lost: make(map[string]bool)}
	s.changed = s.watch
	return s
}

func (s *streamWorld) Count(string, string, string) {}

func (s *streamWorld) SendNotices(_ context.Context, notices []platform.Notice) error {
	s.notices = append(s.notices, notices...)
	return nil
}

// watch sees every change of a table.
func (s *streamWorld) watch(table string, was, now attributes) {
	switch {
	case table == "buffer":
		s.sequence++
		s.write(s.sequence, was, now)
		if now != nil {
			day := dayOf(now)
			if day.Error+day.Timeout+day.Fatal > 0 {
				s.last[textOf(now["pk"])] = day
			}
		}
	case table == "apps" && was["disabled_at"] == nil && now["disabled_at"] != nil:
		key := keyOf(now)
		if textOf(now["status"]) != "internal" || now["deleted"] != nil || len(s.brokenDates(key)) == 0 {
			s.wrongly = append(s.wrongly, key)
		}
	}
}

func dayOf(item attributes) tally.Day {
	return tally.Day{Date: tally.Date(textOf(item["day"])), Counts: tally.Counts{
		Success: numberOf(item["success_count"]), Error: numberOf(item["error_count"]), Timeout: numberOf(item["timeout_count"]),
		Gone: numberOf(item["gone_count"]), Fatal: numberOf(item["fatal_count"])}}
}

func (s *streamWorld) days(key string) (days []tally.Day) {
	for _, item := range s.tables["buffer"] {
		if textOf(item["pk"]) == key {
			days = append(days, dayOf(item))
		}
	}
	return days
}

// brokenDates are the days with failures that end a window by which the rule
// calls the app broken now.
func (s *streamWorld) brokenDates(key string) (dates []tally.Date) {
	days := s.days(key)
	for _, d := range days {
		if d.Failed() && s.job.Rule.Judge(days, d.Date).Broken {
			dates = append(dates, d.Date)
		}
	}
	return dates
}

// keyOf is the key of the generation that an app is in.
func keyOf(app attributes) string {
	return tally.Key(textOf(app["id"]), textOf(app["organization_id"]), max(1, numberOf(app["generation"])))
}

func (s *streamWorld) key(id string) string { return keyOf(s.tables["apps"][id]) }

func (s *streamWorld) disabledAt(id string) string {
	return textOf(s.tables["apps"][id]["disabled_at"])
}

func (s *streamWorld) drain(ctx context.Context, t *rapid.T) {
	for range 1000 {
		left := false
		for i := range s.lanes {
			s.poll(ctx, &s.lanes[i])
			left = left || len(s.lanes[i].records) > 0
		}
		if !left {
			return
		}
	}
	t.Fatal("the stream does not come to its end")
}

func TestStreamDisablesTheBrokenAndTheSweepWhomItLost(t *testing.T) {
	ctx := t.Context()
	var lostRuns, disablings, swept int
	rapid.Check(t, func(t *rapid.T) {
		s := newStreamWorld()
		s.batch = rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "batch")
		s.retries = rapid.IntRange(0, 3).Draw(t, "retries")
		ids := []string{"a", "b", "c", "deleted", "published"}
		for _, id := range ids {
			s.put(id, "42")
		}
		s.tables["apps"]["deleted"]["deleted"] = &types.AttributeValueMemberBOOL{Value: true}
		s.tables["apps"]["published"]["status"] = text("published")
		s.tables["organizations"]["42"] = attributes{"id": text("42"), "slug": text("acme"), "name": text("Acme"),
			"owners": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: attributes{"email": text("ada@acme.example")}}}}}

		s.fault = s.stumbling
		unswept := 0 // days
		t.Repeat(map[string]func(*rapid.T){
			"count": func(t *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(t, "app")
				date := tally.DateOf(s.now).Plus(-rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2, 4}).Draw(t, "days ago"))
				s.deliver(ctx, t, id, date, rapid.SampledFrom([]tally.Counts{{Error: 1}, {Error: 1}, {Error: 1}, {Success: 1},
					{Success: 1, Error: 1}, {Timeout: 3}, {Success: 4, Timeout: 3}, {Error: 2, Gone: 2}, {Error: 1, Gone: 1}, {Fatal: 1}}).Draw(t, "counts"))
			},
			"fail every day": func(t *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(t, "app")
				for back := 2; back >= 0; back-- {
					s.deliver(ctx, t, id, tally.DateOf(s.now).Plus(-back), tally.Counts{Error: 1})
				}
			},
			"poll": func(t *rapid.T) {
				l := &s.lanes[rapid.IntRange(0, len(s.lanes)-1).Draw(t, "lane")]
				again := slices.Clone(l.records[:min(len(l.records), s.batch)])
				s.poll(ctx, l)
				if rapid.IntRange(0, 3).Draw(t, "duplicate") == 0 {
					_, _ = s.handler(ctx, events.DynamoDBEvent{Records: again})
				}
			},
			"stumble": func(t *rapid.T) {
				s.stumbles = rapid.SliceOfN(rapid.SampledFrom([]stumble{none, none, refused, answerLost}), 1, 12).Draw(t, "stumbles")
			},
			"break": func(t *rapid.T) { s.broken[rapid.SampledFrom(ids).Draw(t, "app")] = true },
			"panic": func(t *rapid.T) { s.panics[rapid.SampledFrom(ids).Draw(t, "app")] = true },
			"heal":  func(*rapid.T) { clear(s.broken); clear(s.panics) },
			"tomorrow": func(t *rapid.T) {
				if !rapid.Bool().Draw(t, "rarely") {
					return
				}
				s.now = s.now.Add(24 * time.Hour)
				if unswept++; unswept == 3 { // at the latest, since it only looks back a few days
					unswept = 0
					clear(s.broken)
					clear(s.panics)
					s.stumbles = nil
					_ = s.job.Sweep(ctx)
				}
			},
			"another URL, and a failure of the one before": func(t *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(t, "app")
				before, generation := s.key(id), max(1, numberOf(s.tables["apps"][id]["generation"]))
				s.tables["apps"][id]["generation"] = &types.AttributeValueMemberN{Value: fmt.Sprint(generation + 1)}
				s.unharmed(func() {
					if err := s.buffer().AddCounts(ctx, delivery.CounterKey{Key: before, Date: tally.DateOf(s.now)}, tally.Counts{Error: 2, Gone: 2}, tally.Clues{}); err != nil {
						t.Fatal(err)
					}
				})
			},
			"enable": func(t *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(t, "app")
				s.now = s.now.Add(time.Second)
				at := s.now
				s.now = s.now.Add(time.Second)
				s.unharmed(func() {
					if err := s.registry.Handle(ctx, platform.AppEnable{AppID: id, At: at}, registry.Stamp{SentAt: at}); err != nil {
						t.Fatal(err)
					}
				})
			},
			"": func(t *rapid.T) {
				if len(s.wrongly) > 0 {
					t.Fatalf("disabled though not broken: %v", s.wrongly)
				}
			},
		})
		s.stumbles = nil
		s.drain(ctx, t) // with the broken apps still broken
		clear(s.broken)
		clear(s.panics)

		disabled := make(map[string]bool)
		for _, id := range ids {
			key, last := s.key(id), s.last[s.key(id)]
			disabled[id] = s.disabledAt(id) != ""
			internal := id != "deleted" && id != "published"
			if internal && !disabled[id] && slices.Contains(s.brokenDates(key), last.Date) && !s.lost[key] {
				t.Errorf("%s is broken on the day of its last record, not disabled, and not in the on-failure destination: %v", id, s.days(key))
			}
		}
		if len(s.lost) > 0 {
			lostRuns++
		}
		if err := s.job.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		oldest := tally.DateOf(s.now).Plus(-7)
		for _, id := range ids {
			key := s.key(id)
			if id == "deleted" || id == "published" {
				if s.disabledAt(id) != "" {
					t.Errorf("%s is disabled", id)
				}
				continue
			}
			if s.disabledAt(id) != "" {
				disablings++
				if !disabled[id] {
					swept++
				}
				s.assertFinished(t, id)
				continue
			}
			for _, date := range s.brokenDates(key) {
				if date >= oldest {
					t.Errorf("%s is broken on %s, and the sweep has left it: %v", id, date, s.days(key))
				}
			}
		}
		if len(s.wrongly) > 0 {
			t.Errorf("disabled though not broken: %v", s.wrongly)
		}
	})
	t.Logf("%d disablings, %d of them by the sweep; %d runs with records given up", disablings, swept, lostRuns)
	if disablings == 0 || swept == 0 || lostRuns == 0 {
		t.Error("the simulation does not reach what it is for")
	}
}

// assertFinished checks what a finished disabling has left.
func (s *streamWorld) assertFinished(t *rapid.T, id string) {
	at := s.disabledAt(id)
	if !slices.ContainsFunc(s.notices, func(n platform.Notice) bool { return n.App.ID == id && n.DisabledAt == at }) {
		t.Errorf("nobody was told that %s is disabled", id)
	}
	entries := 0
	for _, entry := range s.tables["audit"] {
		if textOf(entry["app_id"]) == id && textOf(entry["event"]) == "internal-integration.disable" && textOf(entry["sk"])[:len(at)] == at {
			entries++
		}
	}
	if textOf(s.tables["apps"][id]["standing"]) == "" {
		t.Errorf("%s is disabled, and not in the index of those that are", id)
	}
	if entries != 1 {
		t.Errorf("%d audit entries of the disabling of %s", entries, id)
	}
}

// deliver counts outcomes, unless the app is disabled.
func (s *streamWorld) deliver(ctx context.Context, t *rapid.T, id string, date tally.Date, counts tally.Counts) {
	if s.disabledAt(id) != "" {
		return
	}
	s.unharmed(func() {
		if err := s.buffer().AddCounts(ctx, delivery.CounterKey{Key: s.key(id), Date: date}, counts, tally.Clues{}); err != nil {
			t.Fatal(err)
		}
	})
}

// unharmed calls do without faults.
func (s *streamWorld) unharmed(do func()) {
	fault := s.fault
	s.fault = nil
	do()
	s.fault = fault
}

// stumbling returns the faults of the disable function's calls.
func (s *streamWorld) stumbling(call, key string) (before, after error) {
	switch {
	case call == "GetItem apps" && s.panics[key]:
		panic("a defect that this app sets off")
	case call == "GetItem apps" && s.broken[key]:
		return errors.New("out of reach"), nil
	case len(s.stumbles) == 0:
		return nil, nil
	}
	next := s.stumbles[0]
	s.stumbles = s.stumbles[1:]
	switch next {
	case refused:
		return errors.New("refused"), nil
	case answerLost:
		return nil, errors.New("answer lost")
	}
	return nil, nil
}
