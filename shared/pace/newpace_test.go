package pace_test

import (
	"time"

	"hookwarden/shared/pace"
)

// newPace is the package itself.
type newPace struct {
	*pace.Pace
	batch *pace.Batch
}

func newNew(deadline time.Duration) mechanism { return &newPace{Pace: pace.New(deadline)} }

func (p *newPace) asks(apps []string, _ time.Time) []string { return apps }

func (p *newPace) hear(told map[string]time.Time, now time.Time) { p.Hear(told, now) }

func (p *newPace) judge(batch []*message, retry bool, now time.Time) []fate {
	lane := pace.First
	if retry {
		lane = pace.Retry
	}
	late := time.Hour
	for _, m := range batch {
		late = min(late, now.Sub(m.dueAt))
	}
	p.batch = p.Begin(lane, late)
	fates := make([]fate, len(batch))
	for i, m := range batch {
		switch p.batch.Admit(m.app, now) {
		case pace.Send:
			fates[i] = isSent
		case pace.Detour:
			fates[i] = isSentOn
		case pace.Defer:
			fates[i] = waits
		}
	}
	return fates
}

func (p *newPace) took(answers map[string][]answer, _ bool, now time.Time) {
	for app, of := range answers {
		var list []pace.Answer
		for _, a := range of {
			list = append(list, pace.Answer{Took: a.took, Complete: a.complete})
		}
		p.batch.Observe(app, list, now)
	}
}

func (p *newPace) recovers(app string) bool { return p.Recovers(app) }

func (p *newPace) tells() map[string]time.Time { return p.Tell() }

func (p *newPace) wait(app string, hops int, batch string, now time.Time) time.Duration {
	return p.batch.Wait(app, hops, batch, now)
}

func mechanisms() map[string]func(time.Duration) mechanism {
	return map[string]func(time.Duration) mechanism{"old": newOld, "new": newNew}
}
