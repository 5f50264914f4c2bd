package platform

import (
	"fmt"
	"strings"
	"testing"
)

func TestNamesOfALogLineAreThoseOfWhateverMessageABodyIs(t *testing.T) {
	for body, want := range map[string]string{
		webhookMessage:                       "[webhook_id evt_01J app_id 17 organization_id 42]",
		appPut:                               "[type app.put app_id 17 version 12]",
		appDelete:                            "[type app.delete app_id 17 version 13]",
		appEnable:                            "[type app.enable app_id 17]",
		orgPut:                               "[type organization.put organization_id 42 version 3]",
		string(encode(t, disabledNotice(t))): "[notice_id d03f6b974881ec8d98dd98dabc66ccf1 app_id 17 organization_id 42]",
		// From an invalid body come as many names as can be read, and nothing that
		// is not an id.
		`{"id":"evt.1","app_id":"17"}`:                                                        "[app_id 17]",
		`{"id":7,"app_id":"a b","organization_id":null,"version":"x"}`:                        "[]",
		`{"type":"app.put","app":[],"organization":{"id":"` + strings.Repeat("h", 65) + `"}}`: "[type app.put]",
		`{"type":"app.put\n","app":{"id":"17"}}`:                                              "[app_id 17]",
		`{"type":"app.test","id":"tst_1","app_id":"17"}`:                                      "[type app.test id tst_1 app_id 17]",
		`nothing`: "[]", `[]`: "[]", ``: "[]",
	} {
		if got := fmt.Sprint(NamesIn([]byte(body))); got != want {
			t.Errorf("%.60s: %s, want %s", body, got, want)
		}
	}
}
