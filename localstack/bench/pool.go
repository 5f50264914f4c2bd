package main

import (
	"encoding/json"
	"math/rand/v2"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// pool is the execution environments of one function. As on AWS, an environment
// handles one batch at a time, of whichever queue; a batch goes to any that is
// idle, and if there is none another one is started.
type pool struct {
	start func() (*environment, error)

	mu        sync.Mutex
	idle, all []*environment
}

// invoke hands an event to an environment and waits for its answer.
func (p *pool) invoke(e events.SQSEvent) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	env, err := p.borrow()
	if err != nil {
		return nil, err
	}
	answer, err := env.invoke(body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, env)
	return answer, nil
}

func (p *pool) borrow() (*environment, error) {
	if env := p.anyIdle(); env != nil {
		return env, nil
	}
	env, err := p.start()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, env)
	return env, nil
}

func (p *pool) anyIdle() *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	i := rand.N(n)
	env := p.idle[i]
	p.idle[i] = p.idle[n-1]
	p.idle = p.idle[:n-1]
	return env
}

// size is how many environments were started.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}

// stop ends all environments. None is invoked any more.
func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, env := range p.all {
		env.stop()
	}
}
