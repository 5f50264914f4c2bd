package webhook

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// typed makes a Resolver that looks names up as r does (r may be nil). Its
// errors keep the type of what failed when talking to a name server: net keeps
// only the text, unless the error is a context's.
func typed(r *net.Resolver) *net.Resolver {
	if r == nil {
		r = &net.Resolver{}
	}
	dial := r.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &net.Resolver{PreferGo: true, StrictErrors: r.StrictErrors,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, keep(err)
			}
			if p, ok := c.(packetConn); ok { // net asks for this to tell UDP from TCP
				return packetNameServer{p}, nil
			}
			return nameServer{c}, nil
		}}
}

// notThere looks up again a name that err says does not exist, one address
// family after the other. A dial looks up both together, and if one look-up
// fails and the other finds no address, net reports either.
func notThere(ctx context.Context, r *net.Resolver, err error) bool {
	var lookup *net.DNSError
	if !errors.As(err, &lookup) {
		return true
	}
	name := lookup.Name
	for _, family := range []string{"ip4", "ip6"} {
		_, again := r.LookupNetIP(ctx, family, name)
		if !errors.As(again, &lookup) || !lookup.IsNotFound {
			return false
		}
	}
	return true
}

// keep wraps an error of this machine's network so that net.DNSError keeps it.
func keep(err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	return keptError{err}
}

// keptError passes for a context's error.
type keptError struct{ error }

func (e keptError) Is(target error) bool { return target == context.Canceled }

func (e keptError) Unwrap() error { return e.error }

type packetConn interface {
	net.Conn
	net.PacketConn
}

// nameServer is a connection to one.
type nameServer struct{ net.Conn }

func (s nameServer) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	return n, keep(err)
}

func (s nameServer) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	return n, keep(err)
}

type packetNameServer struct{ packetConn }

func (s packetNameServer) Read(b []byte) (int, error) {
	n, err := s.packetConn.Read(b)
	return n, keep(err)
}

func (s packetNameServer) Write(b []byte) (int, error) {
	n, err := s.packetConn.Write(b)
	return n, keep(err)
}
