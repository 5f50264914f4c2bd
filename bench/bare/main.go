// The bare program is what the bench holds deliver against: it POSTs ready
// bodies with ready headers, ten at a time, and does nothing else. It signs,
// decodes, logs and counts nothing.
//
// It reads JSON from its standard input: first what to send, then how many of
// it, again and again. It answers each number on its standard output when so
// many have been sent.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

type plan struct {
	URL      string
	Requests []request
}

type request struct {
	Header http.Header
	Body   []byte
}

const atOnce = 10

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	orders := json.NewDecoder(in)
	var p plan
	if err := orders.Decode(&p); err != nil {
		return fmt.Errorf("read what to send: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	for {
		var webhooks int
		if err := orders.Decode(&webhooks); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read how many to send: %w", err)
		}
		for range webhooks / atOnce {
			if err := p.sendTen(client); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(out, webhooks); err != nil {
			return err
		}
	}
}

func (p plan) sendTen(client *http.Client) error {
	var all sync.WaitGroup
	var faults [atOnce]error
	for i := range atOnce {
		all.Go(func() { faults[i] = p.send(client, p.Requests[i%len(p.Requests)]) })
	}
	all.Wait()
	return errors.Join(faults[:]...)
}

func (p plan) send(client *http.Client, r request) error {
	req, err := http.NewRequest(http.MethodPost, p.URL, bytes.NewReader(r.Body))
	if err != nil {
		return err
	}
	req.Header = r.Header
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the receiver answered %s", resp.Status)
	}
	return nil
}
