package disabling_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// state is everything that lasts: the tables, NotificationQueue and the owners'
// mailboxes.
type state struct {
	Apps          map[string]platform.App
	Secrets       map[string][]platform.Secret
	Expire        map[string]time.Time // when secrets expire, if they do
	Organizations map[string]platform.Organization
	Buffer        map[string]map[tally.Date]tally.Counts
	Audit         map[string]entry // by "<pk> <sk>"
	Clues         map[string]map[tally.Date]tally.Clues
	Held          // the brake on disablings
	Warnings      Held
	Standing      map[string]bool // the apps in the index state
	Elsewhere     map[string]int  // the shard of the index failing that has a key's days, if it is not the key's own
	Bookmark      disabling.Place
	Notices       map[string]claim
	Queue         []platform.Notice // in the order in which they were queued
	Events        []platform.Event  // of EventsQueue, in the order in which they were queued
	Mails         map[string]int    // how often each notice was mailed
}

// Held is a brake.
type Held struct {
	Brake    map[string]int // by hour
	Latch    disabling.Latch
	OpenedAt time.Time
}

// count counts one more in its clock hour, unless the brake holds.
func (h *Held) count(t standing.Transition) error {
	hour := platform.FormatTime(t.At.Truncate(time.Hour))
	switch {
	case h.Latch.Latched(t.At):
		return standing.ErrLatched
	case h.Brake[hour] >= t.MaxPerHour:
		return standing.ErrHeld
	}
	h.Brake[hour]++
	return nil
}

// held is one of the brakes.
func (t *tables) held(brake platform.Brake) *Held {
	if brake == platform.BrakeWarning {
		return &t.Warnings
	}
	return &t.Held
}

type entry struct {
	Event, AppID, Reason string
	Level                platform.Level
	Evidence             []tally.Day
	Actor, Note          string
	Diagnosis            *platform.Diagnosis
}

type claim struct {
	State     string
	ClaimedAt time.Time
	MessageID string
}

// fault is what fails at a write.
type fault int

const (
	refused fault = iota // an error, and nothing was done
	lost                 // it was done, but the answer did not arrive
)

func (f fault) String() string {
	if f == refused {
		return "refused"
	}
	return "answer lost"
}

var errFault = errors.New("fault")

// tables is shared/dynamo and shared/queue in memory, with the conditions of
// their expressions. The mutex is held during one call, since one conditional
// write or transaction is atomic. There is no other lock.
type tables struct {
	mu sync.Mutex
	state
	now    time.Time
	tick   time.Duration // added whenever the clock is read
	writes []string      // the calls that write, numbered by their index
	wrong  []string      // disablings for failures that are not of the app's generation

	faultAt int // the number of the write that fails; below 0: none
	fault   fault
	struck  bool
}

func newTables() *tables {
	return &tables{
		now:     time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		faultAt: -1,
		state: state{
			Apps:          make(map[string]platform.App),
			Secrets:       make(map[string][]platform.Secret),
			Expire:        make(map[string]time.Time),
			Organizations: make(map[string]platform.Organization),
			Buffer:        make(map[string]map[tally.Date]tally.Counts),
			Audit:         make(map[string]entry),
			Clues:         make(map[string]map[tally.Date]tally.Clues),
			Held:          Held{Brake: make(map[string]int)},
			Warnings:      Held{Brake: make(map[string]int)},
			Standing:      make(map[string]bool),
			Elsewhere:     make(map[string]int),
			Notices:       make(map[string]claim),
			Mails:         make(map[string]int),
		},
	}
}

func (t *tables) clock() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(t.tick)
	return t.now
}

func (t *tables) advance(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(d)
}

// arm makes the k-th write from now on fail; below 0: none.
func (t *tables) arm(k int, f fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes, t.struck, t.faultAt, t.fault = nil, false, k, f
}

func (t *tables) snapshot() state {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state
	s.Apps, s.Secrets, s.Organizations = maps.Clone(s.Apps), maps.Clone(s.Secrets), maps.Clone(s.Organizations)
	s.Expire, s.Standing = maps.Clone(s.Expire), maps.Clone(s.Standing)
	s.Brake, s.Warnings.Brake = maps.Clone(s.Brake), maps.Clone(s.Warnings.Brake)
	s.Audit, s.Notices, s.Mails = maps.Clone(s.Audit), maps.Clone(s.Notices), maps.Clone(s.Mails)
	s.Queue, s.Events = slices.Clone(s.Queue), slices.Clone(s.Events)
	s.Buffer = make(map[string]map[tally.Date]tally.Counts)
	for key, days := range t.Buffer {
		if len(days) > 0 {
			s.Buffer[key] = maps.Clone(days)
		}
	}
	return s
}

// add counts outcomes, as deliver does.
func (t *tables) add(key string, date tally.Date, counts tally.Counts) disabling.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Buffer[key] == nil {
		t.Buffer[key] = make(map[tally.Date]tally.Counts)
	}
	t.Buffer[key][date] = t.Buffer[key][date].Plus(counts)
	return disabling.Record{Key: key, Day: tally.Day{Date: date, Counts: t.Buffer[key][date], Clues: t.Clues[key][date]}}
}

// clue adds clues to a day's counts.
func (t *tables) clue(key string, date tally.Date, clues tally.Clues) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Clues[key] == nil {
		t.Clues[key] = make(map[tally.Date]tally.Clues)
	}
	t.Clues[key][date] = clues
}

// store is one worker's access to the tables.
type store struct {
	*tables
	step func(call string) error      // before each call; after an error the call is not made. May be nil
	saw  func(call string, err error) // after each call that was made. May be nil
}

var (
	_ standing.Apps          = store{}
	_ standing.Organizations = store{}
	_ standing.Transitions   = store{}
	_ standing.Notices       = store{}
	_ standing.Events        = store{}
	_ disabling.Days         = store{}
	_ disabling.Bookmark     = store{}
	_ registry.Apps          = store{}
	_ registry.Organizations = store{}
	_ registry.Steering      = store{}
	_ notice.Claims          = store{}
	_ notice.Mailer          = mailer{}
)

func (s store) read(call string, do func()) error {
	return s.call(call, func() error { do(); return nil })
}

func (s store) write(call string, do func() error) error {
	return s.call(call, func() error {
		s.writes = append(s.writes, call)
		if len(s.writes)-1 != s.faultAt {
			return do()
		}
		s.struck = true
		if s.fault == lost {
			_ = do() // without its answer
		}
		return fmt.Errorf("%s: %w", call, errFault)
	})
}

func (s store) call(call string, do func() error) error {
	if s.step != nil {
		if err := s.step(call); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := do()
	if s.saw != nil {
		s.saw(call, err)
	}
	return err
}

func (s store) ReadApp(_ context.Context, id string) (app platform.App, found bool, err error) {
	err = s.read("ReadApp", func() { app, found = s.Apps[id] })
	return app, found, err
}

func (s store) ReadOrganization(_ context.Context, id string) (org platform.Organization, found bool, err error) {
	err = s.read("ReadOrganization", func() { org, found = s.Organizations[id] })
	return org, found, err
}

func (s store) ReadDays(_ context.Context, key string, first, last tally.Date) (days []tally.Day, err error) {
	err = s.read("ReadDays", func() {
		for _, date := range slices.Sorted(maps.Keys(s.Buffer[key])) {
			if first <= date && date <= last {
				days = append(days, tally.Day{Date: date, Counts: s.Buffer[key][date], Clues: s.Clues[key][date]})
			}
		}
	})
	return days, err
}

func (s store) ReadFailing(_ context.Context, partition string, found func(string)) error {
	var keys []string
	err := s.read("ReadFailing", func() {
		for key, days := range s.Buffer {
			shard, elsewhere := s.Elsewhere[key]
			if !elsewhere {
				shard = tally.Shard(key)
			}
			for date, counts := range days {
				if counts.Failed() && tally.FailingShard(date, shard) == partition {
					keys = append(keys, key)
				}
			}
		}
	})
	slices.Sort(keys)
	for _, key := range keys {
		found(key)
	}
	return err
}

func auditKey(organizationID string, at time.Time, event, appID string) string {
	return fmt.Sprintf("%s %s#%s#%s", organizationID, platform.FormatTime(at), event, appID)
}

const (
	eventDisable      = "internal-integration.disable"
	eventEnable       = "internal-integration.enable"
	eventWouldDisable = "internal-integration.would-disable"
	eventWarn         = "internal-integration.warn"
	eventWouldWarn    = "internal-integration.would-warn"
	eventRecover      = "internal-integration.recover"
)

// callOf names the call of a transition.
func callOf(kind standing.Kind) string {
	switch kind {
	case standing.Disabled:
		return "Disable"
	case standing.WouldDisable:
		return "WouldDisable"
	case standing.Warned:
		return "Warn"
	case standing.WouldWarn:
		return "WouldWarn"
	case standing.Recovered:
		return "Recover"
	}
	return "Enable"
}

func (s store) Apply(_ context.Context, t standing.Transition) error {
	return s.write(callOf(t.Kind), func() error {
		switch t.Kind {
		case standing.Disabled:
			return s.disable(t)
		case standing.WouldDisable:
			return s.foretell(t, eventWouldDisable)
		case standing.WouldWarn:
			return s.foretell(t, eventWouldWarn)
		case standing.Warned:
			return s.warn(t)
		case standing.Recovered:
			return s.recover(t)
		}
		return s.enable(t)
	})
}

// asRead reports whether an app is as it was judged.
func (s store) asRead(read platform.App) bool {
	app := s.Apps[read.ID]
	return app.Status == read.Status && app.Kind == read.Kind && app.Breaker == read.Breaker && app.Generation == read.Generation &&
		!app.Deleted && !app.Disabled()
}

func (s store) disable(t standing.Transition) error {
	app := s.Apps[t.App.ID]
	if !s.asRead(t.App) || t.Steered() && !app.SteeredAt.Before(t.At) {
		return standing.ErrChanged
	}
	if !t.Steered() {
		if err := s.count(t); err != nil {
			return err
		}
	}
	for _, day := range t.Evidence {
		if day.Error+day.Timeout+day.Fatal+day.Other > s.Buffer[keyOf(app)][day.Date].Failures() {
			s.wrong = append(s.wrong, fmt.Sprintf("%s, for %+v", keyOf(app), day))
		}
	}
	app.DisabledAt, app.DisabledReason, app.DisabledEvidence = t.At, string(t.Reason), t.Evidence
	app.DisabledBy, app.DisabledNote = t.Actor, t.Note
	app.DisabledDiagnosis = t.Diagnosis
	if t.Steered() {
		app.SteeredAt = t.At
	}
	app.PlatformToldAt, app.NotifiedAt = time.Time{}, time.Time{}
	app.Warned = platform.Warned{}
	s.Apps[app.ID] = app
	s.audit(t, eventDisable)
	s.Standing[app.ID] = true
	return nil
}

func (s store) foretell(t standing.Transition, event string) error {
	if _, there := s.Audit[auditKey(t.App.OrganizationID, t.At, event, t.App.ID)]; there {
		return standing.ErrAlready
	}
	if !s.asRead(t.App) {
		return standing.ErrChanged
	}
	s.audit(t, event)
	return nil
}

// asWarned reports whether an app is as it was judged, and under the warning that was
// read.
func (s store) asWarned(read platform.App) bool {
	w := s.Apps[read.ID].Warned
	return s.asRead(read) && w.At.Equal(read.Warned.At) && w.RecoveredAt.Equal(read.Warned.RecoveredAt)
}

func (s store) warn(t standing.Transition) error {
	if !s.asWarned(t.App) {
		return standing.ErrChanged
	}
	if err := s.Warnings.count(t); err != nil {
		return err
	}
	app := s.Apps[t.App.ID]
	app.Warned = platform.Warned{At: t.At, Levels: t.Levels, Reason: string(t.Reason), Warning: t.Warning,
		Evidence: t.Evidence, Diagnosis: t.Diagnosis}
	s.Apps[app.ID] = app
	s.audit(t, eventWarn)
	return nil
}

func (s store) recover(t standing.Transition) error {
	if !s.asWarned(t.App) {
		return standing.ErrChanged
	}
	app := s.Apps[t.App.ID]
	app.Warned.RecoveredAt, app.Warned.PlatformToldAt, app.Warned.NotifiedAt = t.At, time.Time{}, time.Time{}
	s.Apps[app.ID] = app
	s.audit(t, eventRecover)
	return nil
}

func (s store) enable(t standing.Transition) error {
	app := s.Apps[t.App.ID]
	if !app.Disabled() || !app.DisabledAt.Equal(t.App.DisabledAt) || app.Generation != t.App.Generation || !app.SteeredAt.Before(t.At) {
		return standing.ErrChanged
	}
	app.DisabledAt, app.DisabledReason, app.DisabledEvidence = time.Time{}, "", nil
	app.DisabledDiagnosis = nil
	app.DisabledBy, app.DisabledNote = platform.Actor{}, ""
	app.PlatformToldAt, app.NotifiedAt = time.Time{}, time.Time{}
	app.Warned = platform.Warned{}
	app.EnabledAt, app.SteeredAt = t.At, t.At
	app.Generation++
	s.Apps[app.ID] = app
	delete(s.Standing, app.ID)
	s.audit(t, eventEnable)
	return nil
}

func (s store) audit(t standing.Transition, event string) {
	s.Audit[auditKey(t.App.OrganizationID, t.At, event, t.App.ID)] =
		entry{Event: event, AppID: t.App.ID, Reason: string(t.Reason), Level: t.Warning.Level, Evidence: t.Evidence, Actor: string(t.Actor.Raw), Note: t.Note,
			Diagnosis: t.Diagnosis}
}

func (s store) Made(_ context.Context, t standing.Transition) (made bool, err error) {
	err = s.read("ReadEntry", func() {
		_, made = s.Audit[auditKey(t.App.OrganizationID, t.At, "internal-integration."+t.Kind.Verb(), t.App.ID)]
	})
	return made, err
}

func (s store) SendEvent(_ context.Context, e platform.Event) error {
	return s.write("SendEvent", func() error { s.Events = append(s.Events, e); return nil })
}

func (s store) Mark(_ context.Context, mark standing.Mark, t standing.Transition, now time.Time) error {
	call := map[standing.Mark]string{standing.OwnersTold: "MarkNotified", standing.PlatformTold: "MarkPlatformTold", standing.Forgotten: "Forget"}[mark]
	return s.write(call, func() error {
		app := s.Apps[t.App.ID]
		told, notified := &app.PlatformToldAt, &app.NotifiedAt
		is := app.Disabled() && app.DisabledAt.Equal(t.At)
		if t.Kind != standing.Disabled {
			told, notified = &app.Warned.PlatformToldAt, &app.Warned.NotifiedAt
			is = app.Warned.At.Equal(t.At) && app.Warned.RecoveredAt.IsZero()
		}
		if t.Kind == standing.Recovered {
			is = app.Warned.RecoveredAt.Equal(t.At)
		}
		switch {
		case !is:
			return standing.ErrChanged
		case mark == standing.PlatformTold:
			*told = now
		case t.Kind == standing.Recovered, mark == standing.Forgotten:
			app.Warned = platform.Warned{}
		default:
			*notified = now
		}
		s.Apps[t.App.ID] = app
		return nil
	})
}

// SendNotices queues all that it can, and fails if one cannot be queued.
func (s store) SendNotices(_ context.Context, notices []platform.Notice) error {
	var faults []error
	for _, n := range notices {
		faults = append(faults, s.write("SendNotice", func() error {
			s.Queue = append(s.Queue, n)
			return nil
		}))
	}
	return errors.Join(faults...)
}

func (s store) ReadBookmark(context.Context) (place disabling.Place, err error) {
	err = s.read("ReadBookmark", func() { place = s.Bookmark })
	return place, err
}

func (s store) SetBookmark(_ context.Context, place disabling.Place) error {
	return s.write("SetBookmark", func() error { s.Bookmark = place; return nil })
}

func (s store) PutApp(_ context.Context, put platform.App, secrets []platform.Secret) error {
	return s.write("PutApp", func() error {
		app, there := s.Apps[put.ID]
		if there && app.Version >= put.Version {
			return registry.ErrStale
		}
		put.DisabledAt, put.DisabledReason, put.DisabledEvidence = app.DisabledAt, app.DisabledReason, app.DisabledEvidence
		put.DisabledBy, put.DisabledNote = app.DisabledBy, app.DisabledNote
		put.DisabledDiagnosis = app.DisabledDiagnosis
		put.PlatformToldAt, put.NotifiedAt = app.PlatformToldAt, app.NotifiedAt
		put.EnabledAt, put.SteeredAt = app.EnabledAt, app.SteeredAt
		put.Generation = max(1, app.Generation)
		if there && (app.Deleted || app.WebhookURL != put.WebhookURL || app.Kind != put.Kind || app.OrganizationID != put.OrganizationID) {
			put.Generation++
			app.Warned = platform.Warned{}
		}
		put.Warned = app.Warned
		s.Apps[put.ID], s.Secrets[put.ID] = put, secrets
		delete(s.Expire, put.ID)
		return nil
	})
}

func (s store) DeleteApp(_ context.Context, id string, version int64, at time.Time) error {
	return s.write("DeleteApp", func() error {
		app, there := s.Apps[id]
		if there && app.Version >= version {
			return registry.ErrStale
		}
		if !app.Deleted {
			app.DeletedAt = at
		}
		app.ID, app.Version, app.Deleted, app.WebhookURL = id, version, true, ""
		app.DisabledBy, app.DisabledNote = platform.Actor{}, ""
		app.DisabledDiagnosis = nil
		app.Warned = platform.Warned{}
		s.Apps[id] = app
		s.Expire[id] = app.DeletedAt.Add(platform.KeptAfterDeletion)
		return nil
	})
}

func (s store) PutOrganization(_ context.Context, org platform.Organization) error {
	return s.write("PutOrganization", func() error {
		if old, there := s.Organizations[org.ID]; there && old.Version >= org.Version {
			return registry.ErrStale
		}
		s.Organizations[org.ID] = org
		return nil
	})
}

func (s store) Steer(_ context.Context, read platform.App, at time.Time) error {
	return s.write("Steer", func() error {
		app := s.Apps[read.ID]
		if !app.DisabledAt.Equal(read.DisabledAt) || !app.SteeredAt.Before(at) {
			return standing.ErrChanged
		}
		app.SteeredAt = at
		s.Apps[app.ID] = app
		return nil
	})
}

func (s store) Claim(_ context.Context, id string, now time.Time, lease time.Duration) error {
	return s.write("Claim", func() error {
		c, there := s.Notices[id]
		switch {
		case there && c.State != "claimed" && c.State != "outdated":
			return notice.ErrSettled
		case there && c.State == "claimed" && c.ClaimedAt.After(now.Add(-lease)):
			return &notice.HeldError{ClaimedAt: c.ClaimedAt}
		}
		s.Notices[id] = claim{State: "claimed", ClaimedAt: now}
		return nil
	})
}

func (s store) MarkSent(_ context.Context, id, messageID string, _ time.Time) error {
	return s.write("MarkSent", func() error {
		if c := s.Notices[id]; c.State != "sent" {
			c.State, c.MessageID = "sent", messageID
			s.Notices[id] = c
		}
		return nil
	})
}

func (s store) MarkUnsent(_ context.Context, id string, why notice.Unsent, claimedAt, _ time.Time) error {
	return s.write("MarkUnsent", func() error {
		c := s.Notices[id]
		switch {
		case c.State != "claimed":
			return nil
		case !c.ClaimedAt.Equal(claimedAt):
			return &notice.HeldError{ClaimedAt: c.ClaimedAt}
		}
		c.State = string(why)
		s.Notices[id] = c
		return nil
	})
}

// mailer mails one notice. Mails do not show which notice they are of.
type mailer struct {
	store
	noticeID string
}

func (m mailer) Send(context.Context, notice.Mail) (string, error) {
	err := m.write("Send", func() error { m.Mails[m.noticeID]++; return nil })
	return "message of " + m.noticeID, err
}
