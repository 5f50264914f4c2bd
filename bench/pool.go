package main

import (
	"encoding/json"
	"math/rand/v2"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// pool is the execution environments of one function. As on AWS, an environment
// handles one batch at a time, of whichever queue; a batch goes to any that is
// idle, and there are as many as there are batches at once.
type pool struct {
	start func() (*environment, error)

	mu        sync.Mutex
	idle, all []*environment
}

// fill starts environments and lets each handle an empty batch: what a start
// costs this machine, which has no others, is not to be seen in the figures.
func (p *pool) fill(environments int) error {
	for range environments {
		env, err := p.start()
		if err != nil {
			return err
		}
		p.all = append(p.all, env)
		if _, err := env.invoke([]byte(`{"Records":[]}`)); err != nil {
			return err
		}
		p.idle = append(p.idle, env)
	}
	return nil
}

// invoke hands an event to an environment and waits for its answer.
func (p *pool) invoke(e events.SQSEvent) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	env := p.borrow()
	answer, err := env.invoke(body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, env)
	return answer, nil
}

func (p *pool) borrow() *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	i := rand.N(n)
	env := p.idle[i]
	p.idle[i] = p.idle[n-1]
	p.idle = p.idle[:n-1]
	return env
}

// stop ends all environments. None is invoked any more.
func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, env := range p.all {
		env.stop()
	}
}
