package webhook

import (
	"errors"
	"strings"
	"testing"
)

func TestTargetIsCheckedByItsForm(t *testing.T) {
	strict, http, private, all := TargetPolicy{}, TargetPolicy{AllowHTTP: true}, TargetPolicy{AllowPrivate: true},
		TargetPolicy{AllowPrivate: true, AllowHTTP: true}
	long := strings.Repeat("a", 63)
	for _, test := range []struct {
		policy TargetPolicy
		url    string
		want   Code // empty: may be called
	}{
		{strict, "https://receiver.example", ""},
		{strict, "HTTPS://Receiver.Example/Hook?a=b&c", ""},
		{strict, "https://receiver.example:443/", ""},
		{strict, "https://receiver.example:80/", ""},
		{strict, "https://receiver.example:/", ""},
		{strict, "https://receiver.example./", ""},
		{strict, "https://receiver.example/?q", ""},
		{strict, "https://receiver.example?q", ""},
		{strict, "https://under_score.example/%00%0d%0a", ""},
		{strict, "https://receiver.example/ünï?ç", ""},
		{strict, " \thttps://receiver.example/hook\r\n", ""},
		{strict, "https://receiver.example/a b", ""},
		{strict, "https://receiver.example/%zz", ""},
		{strict, "https://bücher.example/", ""},
		{strict, "https://b%C3%BCcher.example/", ""},
		{strict, "https://例え.テスト/", ""},
		{strict, "https://xn--bcher-kva.example/", ""},
		{strict, "https://paral·lel.cat/hook", ""},
		{strict, "https://新・例.jp/", ""},
		{strict, "https://צ׳ק.example/", ""},
		{strict, "https://نامه\u200cای.example/", ""},
		{strict, "https://re\u200bceiver.example/", ""},
		{strict, "https://receiver.example\u3002other.example/", ""},
		{strict, "https://1.example/", ""},
		{strict, "https://a0x1.a0x1f/", ""},
		{strict, "https://93.184.215.14/", ""},
		{strict, "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", ""},
		{strict, "https://" + long + "." + long + "." + long + "." + long[:61] + "/", ""},
		{strict, "https://receiver.example/" + strings.Repeat("a", 2048-25), ""},
		{http, "http://receiver.example/", ""},
		{private, "https://127.0.0.1:8443/", ""},
		{private, "https://[::1]:8443/", ""},
		{all, "http://localhost:65535/", ""},

		{strict, "http://receiver.example/", CodeBlockedScheme},
		{private, "http://receiver.example/", CodeBlockedScheme},
		{all, "ftp://receiver.example/", CodeBlockedScheme},
		{all, "file:///etc/passwd", CodeBlockedScheme},
		{all, "gopher://receiver.example/", CodeBlockedScheme},
		{all, "//receiver.example/", CodeBlockedScheme},
		{all, "receiver.example/hook", CodeBlockedScheme},
		{all, "/hook", CodeBlockedScheme},
		{all, "", CodeBlockedScheme},

		{all, "https://", CodeBlockedURL},
		{all, "https:///hook", CodeBlockedURL},
		{all, "https:receiver.example", CodeBlockedURL},
		{all, "https:/receiver.example", CodeBlockedURL},
		{all, "https://:443/", CodeBlockedURL},
		{all, "https://user@receiver.example/", CodeBlockedURL},
		{all, "https://user:password@receiver.example/", CodeBlockedURL},
		{all, "https://@receiver.example/", CodeBlockedURL},
		{all, "https://receiver.example@127.0.0.1/", CodeBlockedURL},
		{all, "https://receiver.example/#fragment", CodeBlockedURL},
		{all, "https://receiver.example/#", CodeBlockedURL},
		{all, "https://receiver.example#@127.0.0.1/", CodeBlockedURL},
		{all, "https://receiver.example\\@127.0.0.1/", CodeBlockedURL},
		{all, "https://receiver.example/\r\nHost: other.example", CodeBlockedURL},
		{all, "https://receiver.example/\x7f", CodeBlockedURL},
		{all, "https://receiver.example/a\tb", CodeBlockedURL},
		{all, "https://receiver .example/", CodeBlockedURL},
		{all, "https:// receiver.example/", CodeBlockedURL},
		{all, "https://receiver.example\\.other.example/", CodeBlockedURL},
		{all, "https://receiver.example%zz/", CodeBlockedURL},
		{all, "https://receiver.example%00.other.example/", CodeBlockedURL},
		{all, "https://%31%32%37.0.0.1/", CodeBlockedURL},
		{all, "https://receiver,example/", CodeBlockedURL},
		{all, "https://ö,example/", CodeBlockedURL},
		{all, "https://-ü-.example/", CodeBlockedURL},
		{all, "https://a\u200cb.example/", CodeBlockedURL}, // a joiner that joins nothing
		{all, "https://א1b.example/", CodeBlockedURL},      // both directions in one label
		{all, "https://☃.a℀b.example/", CodeBlockedURL},
		{all, "https://\u200b/", CodeBlockedURL},
		{all, "https://ö\u3002\u3002example/", CodeBlockedURL},
		{all, "https://" + strings.Repeat("ü", 60) + "ö" + strings.Repeat("ü", 20) + ".example/", CodeBlockedURL},
		{all, "https://xn--" + long + ".ü/", CodeBlockedURL},
		{all, "https://\xff.example/", CodeBlockedURL},
		{all, "https://receiver..example/", CodeBlockedURL},
		{all, "https://.receiver.example/", CodeBlockedURL},
		{all, "https://receiver.example../", CodeBlockedURL},
		{all, "https://./", CodeBlockedURL},
		{all, "https://" + long + "a.example/", CodeBlockedURL},
		{all, "https://" + long + "." + long + "." + long + "." + long[:62] + "/", CodeBlockedURL},
		{all, "https://receiver.example/" + strings.Repeat("a", 2049-25), CodeBlockedURL},

		// Addresses in other forms that some resolvers accept.
		{all, "https://2130706433/", CodeBlockedURL},
		{all, "https://0x7f000001/", CodeBlockedURL},
		{all, "https://0X7F.0.0.1/", CodeBlockedURL},
		{all, "https://0x7f.1/", CodeBlockedURL},
		{all, "https://017700000001/", CodeBlockedURL},
		{all, "https://0177.0.0.01/", CodeBlockedURL},
		{all, "https://127.1/", CodeBlockedURL},
		{all, "https://127.0.0.1./", CodeBlockedURL},
		{all, "https://127.0.0.0x1/", CodeBlockedURL},
		{all, "https://receiver.0x/", CodeBlockedURL},
		{all, "https://127.0.0.256/", CodeBlockedURL},
		{all, "https://１２７.０.０.１/", CodeBlockedURL},
		{all, "https://127.0.0.𝟏/", CodeBlockedURL},
		{all, "https://0x７f/", CodeBlockedURL},
		{all, "https://１２７。０。０。１/", CodeBlockedURL},
		{all, "https://127.0.0.\u200b1/", CodeBlockedURL},
		{all, "https://127\u20240\u20240\u20241/", CodeBlockedURL},
		{all, "https://①②⑦.⓪.⓪.①/", CodeBlockedURL},
		{all, "https://２１３０７０６４３３/", CodeBlockedURL},
		{all, "https://０ｘ７ｆ.１/", CodeBlockedURL},
		{all, "https://ö.０x7f/", CodeBlockedURL},
		{all, "https://０１７７.０.０.０１/", CodeBlockedURL},
		{all, "https://[::1%25eth0]/", CodeBlockedURL},
		{all, "https://[fe80::1%25lo]/", CodeBlockedURL},
		{all, "https://[127.0.0.1]/", CodeBlockedURL},
		{all, "https://[receiver.example]/", CodeBlockedURL},
		{all, "https://::1/", CodeBlockedURL},

		{strict, "https://127.0.0.1/", CodeBlockedAddress},
		{strict, "https://127.0.0.1:8443/", CodeBlockedAddress},
		{strict, "https://10.1.2.3/", CodeBlockedAddress},
		{strict, "https://172.16.0.1/", CodeBlockedAddress},
		{strict, "https://192.168.0.1/", CodeBlockedAddress},
		{strict, "https://169.254.169.254/", CodeBlockedAddress},
		{strict, "https://100.64.0.1/", CodeBlockedAddress},
		{strict, "https://0.0.0.0/", CodeBlockedAddress},
		{strict, "https://224.0.0.1/", CodeBlockedAddress},
		{strict, "https://255.255.255.255/", CodeBlockedAddress},
		{strict, "https://192.0.2.1/", CodeBlockedAddress},
		{strict, "https://[::1]/", CodeBlockedAddress},
		{strict, "https://[::]/", CodeBlockedAddress},
		{strict, "https://[fe80::1]/", CodeBlockedAddress},
		{strict, "https://[fd00:ec2::254]/", CodeBlockedAddress},
		{strict, "https://[ff02::1]/", CodeBlockedAddress},
		{strict, "https://[::ffff:127.0.0.1]/", CodeBlockedAddress},
		{strict, "https://[::ffff:7f00:1]/", CodeBlockedAddress},
		{strict, "https://[::127.0.0.1]/", CodeBlockedAddress},
		{strict, "https://[64:ff9b::169.254.169.254]/", CodeBlockedAddress},
		{strict, "https://[64:ff9b:1::1]/", CodeBlockedAddress},
		{strict, "https://[2002:7f00:1::]/", CodeBlockedAddress},
		{strict, "https://[2001:db8::1]/", CodeBlockedAddress},

		{strict, "https://receiver.example:8443/", CodeBlockedPort},
		{strict, "https://receiver.example:22/", CodeBlockedPort},
		{strict, "https://93.184.215.14:8080/", CodeBlockedPort},
		{all, "https://receiver.example:0/", CodeBlockedPort},
		{all, "https://receiver.example:65536/", CodeBlockedPort},
		{all, "https://receiver.example:99999999999999999999/", CodeBlockedPort},
		{all, "https://receiver.example:-1/", CodeBlockedURL},
		{all, "https://receiver.example:https/", CodeBlockedURL},
	} {
		err := test.policy.Check(test.url)
		var blocked *BlockedError
		if errors.As(err, &blocked) {
			if blocked.Code != test.want {
				t.Errorf("%.80q: %s (%v), want %q", test.url, blocked.Code, err, test.want)
			}
			continue
		}
		if err != nil || test.want != "" {
			t.Errorf("%.80q: error %v, want code %q", test.url, err, test.want)
		}
	}
}

func TestTargetIsNotQuotedInWhyItIsBlocked(t *testing.T) {
	for _, url := range []string{"https://user:hunter2@receiver.example/", "https://hunter2 .example/", "https://hunter2%zz/",
		"hunter2://receiver.example/", "https://receiver.example:8443/hunter2", "https://127.0.0.1/hunter2"} {
		if err := (TargetPolicy{}).Check(url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestTargetHasItsHostAsTheHeaderHasIt(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Receiver.Example/":       "receiver.example",
		"https://receiver.example:/":      "receiver.example",
		"https://receiver.example:443/":   "receiver.example",
		"https://BÜCHER.example:/":        "xn--bcher-kva.example",
		"https://b%C3%BCcher.example/":    "xn--bcher-kva.example",
		"https://[2606:2800:21F::8B2C]:/": "[2606:2800:21f::8b2c]",
	} {
		if u, err := (TargetPolicy{AllowPrivate: true}).parse(raw); err != nil || u.Host != want {
			t.Errorf("%s: host %v, error %v, want %s", raw, u, err, want)
		}
	}
}
