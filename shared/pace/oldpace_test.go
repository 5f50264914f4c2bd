package pace_test

import (
	"hash/crc32"
	"maps"
	"math/bits"
	"slices"
	"time"
)

// oldPace is the mechanism before this one, for the table in docs/decisions/0004.
// An app is slow if two of its last four answers took half the deadline, complete
// or not. Each first slow answer is charged to an allowance. An environment lets
// one request in ten deadlines through to a slow app.
type oldPace struct {
	slowFrom, deadline, allowance time.Duration
	apps                          map[string]*oldRecord
	filledAt, askedAt             time.Time
	toWarn                        map[string]time.Time
	alone, tried                  string
	next                          time.Time
	spaced                        time.Duration
}

type oldRecord struct {
	slow                      uint8
	at, quick, probed, warned time.Time
}

func newOld(deadline time.Duration) mechanism {
	return &oldPace{slowFrom: deadline / 2, deadline: deadline, allowance: 3 * deadline, apps: make(map[string]*oldRecord),
		toWarn: make(map[string]time.Time)}
}

const (
	oldForget = 5 * time.Minute
	oldQuick  = 10 * time.Second
	oldRefill = 20
	oldProbe  = 10
)

func (p *oldPace) judge(batch []*message, retry bool, now time.Time) []fate {
	p.lookAt(batch, retry, now)
	fates := make([]fate, len(batch))
	for i, m := range batch {
		fates[i] = p.judgeOne(m.app, retry, now)
	}
	return fates
}

func (p *oldPace) lookAt(batch []*message, retry bool, now time.Time) {
	p.alone = ""
	if p.tried != "" && !now.Before(p.next) {
		p.tried = ""
	}
	for _, m := range batch {
		if retry || m.app == p.alone || p.wasQuick(m.app, now) {
			continue
		}
		if p.alone != "" {
			p.alone = ""
			return
		}
		p.alone = m.app
	}
}

func (p *oldPace) judgeOne(app string, retry bool, now time.Time) fate {
	p.fill(now)
	r := p.apps[app]
	known := r != nil && now.Sub(r.at) < oldForget
	switch {
	case known && bits.OnesCount8(r.slow) >= 2:
		if !retry || now.Sub(r.probed) < oldProbe*p.deadline {
			return waits
		}
		r.probed = now
		return isSent
	case retry || p.allowance >= p.deadline || p.wasQuick(app, now) || p.try(app, now):
		return isSent
	}
	return isSentOn
}

func (p *oldPace) wasQuick(app string, now time.Time) bool {
	r := p.apps[app]
	return r != nil && now.Sub(r.quick) < oldQuick
}

func (p *oldPace) try(app string, now time.Time) bool {
	if app != p.alone || p.tried != "" && p.tried != app {
		return false
	}
	if p.tried == "" {
		p.tried = app
		p.spaced = max(p.spaced, p.deadline)
		p.next = now.Add(p.spaced)
	}
	return true
}

func (p *oldPace) took(answers map[string][]answer, retry bool, now time.Time) {
	for _, app := range slices.Sorted(maps.Keys(answers)) {
		for _, a := range answers[app] {
			p.answered(app, a.took, retry, now)
		}
	}
}

func (p *oldPace) recovers(app string) bool {
	r := p.apps[app]
	return r != nil && r.slow&1 == 0
}

func (p *oldPace) answered(app string, took time.Duration, retry bool, now time.Time) {
	r := p.apps[app]
	if r == nil || now.Sub(r.at) >= oldForget {
		r = &oldRecord{}
		p.apps[app] = r
	}
	r.at = now
	first := r.slow == 0
	r.slow = r.slow << 1 & 0b1111
	if took < p.slowFrom {
		r.quick, r.probed = now, time.Time{}
		if p.tried == app {
			p.tried, p.spaced = "", 0
		}
		return
	}
	if p.tried == app {
		p.spaced = min(2*p.spaced, oldRefill*p.deadline)
		p.next = now.Add(p.spaced)
	}
	r.slow |= 1
	if bits.OnesCount8(r.slow) >= 2 && now.Sub(r.warned) >= oldForget/2 {
		r.warned = now
		p.toWarn[app] = now
	}
	if !first || retry {
		return
	}
	p.fill(now)
	had := p.allowance >= p.deadline
	p.allowance -= took
	if had && p.allowance < p.deadline {
		p.toWarn["*"] = now
	}
}

func (p *oldPace) tells() map[string]time.Time {
	told := p.toWarn
	p.toWarn = make(map[string]time.Time)
	return told
}

func (p *oldPace) asks(apps []string, now time.Time) []string {
	if now.Sub(p.askedAt) < time.Second {
		return apps
	}
	p.askedAt = now
	return append([]string{"*"}, apps...)
}

func (p *oldPace) hear(told map[string]time.Time, now time.Time) {
	p.fill(now)
	for app, at := range told {
		if app == "*" {
			p.allowance = min(p.allowance, now.Sub(at)/oldRefill)
			continue
		}
		r := p.apps[app]
		if r != nil && !r.at.Before(at) {
			continue
		}
		if r == nil {
			r = &oldRecord{}
			p.apps[app] = r
		}
		r.slow, r.at, r.warned = 0b1001, at, at
	}
}

func (p *oldPace) fill(now time.Time) {
	if !p.filledAt.IsZero() {
		p.allowance = min(p.allowance+now.Sub(p.filledAt)/oldRefill, 3*p.deadline)
	}
	p.filledAt = now
}

func (p *oldPace) wait(_ string, hops int, batch string, _ time.Time) time.Duration {
	wait := min(5*time.Second<<min(hops, 10), 900*time.Second)
	if wait == 900*time.Second {
		return wait
	}
	return wait - wait/2*time.Duration(crc32.ChecksumIEEE([]byte(batch))%256)/256
}
