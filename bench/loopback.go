package main

// loopback is what deliver talks to: stand-ins for AWS, and a receiver of which
// every app has a path.
type loopback struct {
	receiver *receiver
	aws      *standIns
}

// openLoopback starts them. arrived may be nil.
func openLoopback(behave behaviour, arrived func(webhook string)) (*loopback, error) {
	if arrived == nil {
		arrived = func(string) {}
	}
	r, err := serveReceiver(behave, arrived)
	if err != nil {
		return nil, err
	}
	l := &loopback{receiver: r, aws: &standIns{appURL: func(app string) string { return r.url + app }}}
	if err := l.aws.serve(); err != nil {
		r.close()
		return nil, err
	}
	return l, nil
}

func (l *loopback) close() {
	l.aws.close()
	l.receiver.close()
}
