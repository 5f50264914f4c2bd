// The bare program is the baseline for the functions: a Lambda function that POSTs
// ready bodies with ready headers, ten at a time, and does nothing else. It signs,
// decodes, logs and counts nothing, and ignores any other event.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
)

// plan is its event. The requests are sent in turn.
type plan struct {
	URL      string
	Requests []request
	Webhooks int // a multiple of ten
}

type request struct {
	Header http.Header
	Body   []byte
}

const atOnce = 10

func main() {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	lambda.StartHandlerFunc(func(_ context.Context, p plan) (map[string][]string, error) {
		for range p.Webhooks / atOnce {
			if err := p.sendTen(client); err != nil {
				return nil, err
			}
		}
		return map[string][]string{"batchItemFailures": {}}, nil
	})
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
