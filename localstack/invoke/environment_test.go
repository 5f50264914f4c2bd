package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironmentOfAContainerReachesTheEngineAndTheMailbox(t *testing.T) {
	there := surroundings{engine: "http://host.docker.internal:1", mailbox: "http://host.docker.internal:2"}
	for name, test := range map[string]struct{ deployed, want map[string]string }{
		"a function that mails through a mailbox": {
			map[string]string{"ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SESV2": "http://mailbox:8005", "APPS_TABLE": "a"},
			map[string]string{"ENDPOINT_URL": there.engine, "AWS_ENDPOINT_URL_SESV2": there.mailbox, "APPS_TABLE": "a"}},
		"any other": {map[string]string{"APPS_TABLE": "a"}, map[string]string{"ENDPOINT_URL": there.engine, "APPS_TABLE": "a"}},
		"nothing":   {nil, map[string]string{"ENDPOINT_URL": there.engine}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, there.put(test.deployed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvironmentHasTheMailboxOnlyWhereThereIsOne(t *testing.T) {
	with := surroundings{mailbox: "http://host.docker.internal:2"}.samLocal("4566", "arm64")
	without := surroundings{}.samLocal("4566", "arm64")
	if diff := cmp.Diff(append(without, "SesEndpoint=http://host.docker.internal:2"), with); diff != "" {
		t.Error(diff)
	}
}
