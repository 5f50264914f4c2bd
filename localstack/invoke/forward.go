package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
)

// bridgeAddress is this machine's address on Docker's bridge. It is empty if
// there is no bridge: then the engine runs in a virtual machine, from which
// containers reach this machine's loopback.
func bridgeAddress(ctx context.Context) (string, error) {
	name, err := exec.CommandContext(ctx, "docker", "network", "inspect", "bridge",
		"--format", `{{index .Options "com.docker.network.bridge.name"}}`).Output()
	if err != nil {
		return "", err
	}
	bridge, err := net.InterfaceByName(strings.TrimSpace(string(name)))
	if err != nil {
		return "", nil //nolint:nilerr // there is no such bridge here
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if ip, ok := address.(*net.IPNet); ok && ip.IP.To4() != nil {
			return ip.IP.String(), nil
		}
	}
	return "", nil
}

// forward passes connections at the bridge's address on to the same port of
// loopback, until it is stopped. Nothing else in hookwarden listens on an address
// other than loopback.
func forward(bridge, port string) (stop func(), err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(bridge, port))
	if err != nil {
		return nil, fmt.Errorf("let containers reach port %s: %w", port, err)
	}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go join(from, net.JoinHostPort("127.0.0.1", port))
		}
	}()
	return func() { _ = listener.Close() }, nil
}

// join carries bytes both ways. When one side ends, so does the other: the
// receiver must see that a function hangs up.
func join(from net.Conn, address string) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	carry := func(into, out net.Conn) {
		_, _ = io.Copy(into, out)
		_, _ = into.Close(), out.Close()
	}
	both.Go(func() { carry(to, from) })
	both.Go(func() { carry(from, to) })
	both.Wait()
}
