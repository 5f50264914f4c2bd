package stack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Both answers are from the real mailboxes, shortened.
func TestMailsAreReadFromEitherMailbox(t *testing.T) {
	for name, body := range map[string]string{
		"MiniStack 1.5.33": `{"messages":{"000000000000":[{"MessageId":"1","Source":"hookwarden@platform.example",
			"To":["\"Ada\" <ada@acme.example>"],"Subject":"Fix ü","BodyText":"Text <&>","BodyHtml":"<p>ü</p>"}]}}`,
		"aws-ses-v2-local 2.10.2": `{"templates":{},"emails":[{"messageId":"ses-942438794","from":"hookwarden@platform.example",
			"destination":{"to":["\"Ada\" <ada@acme.example>"],"cc":[],"bcc":[]},"subject":"Fix ü",
			"body":{"html":"<p>ü</p>","text":"Text <&>"},"attachments":[],"at":1795565823}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readMails(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			want := []Mail{{To: []string{`"Ada" <ada@acme.example>`}, Subject: "Fix ü", Text: "Text <&>", HTML: "<p>ü</p>"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
