package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"hookwarden/shared/platform"
)

func TestSignaturesAreTheGoldenOnes(t *testing.T) {
	body := []byte(`{"action":"created","installation":{"uuid":"7a485448"},"data":{},"actor":{}}`)
	at := time.Unix(1795514400, 999_000_000)
	// printf %s "$body" | openssl dgst -sha256 -hmac s3cret
	if got, want := hookSignature("s3cret", body), "b684a6eedb04c8b3d56c7142ad0dbe755f37396a31aa781562b45a2dd6b84fbc"; got != want {
		t.Errorf("hook signature %s, want %s", got, want)
	}
	// printf %s "evt_1.1795514400.$body" | openssl dgst -sha256 -hmac … -binary | base64
	for secret, want := range map[platform.Secret]string{
		"s3cret":                             "v1,aPKvw1rk3QjXGcfNxj4c5ecJPfDQCL658byHUWkwEz0=",
		"whsec_c3RhbmRhcmQgd2ViaG9va3Mga2V5": "v1,rjVKj7tFod9yRKaGrcPkDEl6Su0g8MaPRj4vQbteFjk=",
	} {
		if got := standardSignature([]platform.Secret{secret}, "evt_1", at, body); got != want {
			t.Errorf("standard signature %s, want %s", got, want)
		}
	}
}

func TestHookSignatureIsAnHMACOfTheBodyWithTheNewestSecretAsItIs(t *testing.T) {
	for _, secret := range []platform.Secret{"s3cret", "whsec_c3RhbmRhcmQgd2ViaG9va3Mga2V5", "ключ", "a b"} {
		q := request("https://receiver.example")
		q.Secrets = []platform.Secret{secret, "older"}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(q.Body)
		want := hex.EncodeToString(mac.Sum(nil))
		if got := newSender(t).header(q, time.Now())["Sentry-Hook-Signature"][0]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSignaturesOfARotationVerifyAsStandardWebhooks(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("standard webhooks key"))
	q := request("https://receiver.example")
	q.Secrets = []platform.Secret{platform.Secret("whsec_" + key), "plain secret", "whsec_b2xkZXN0"}
	header := canonical(newSender(t).header(q, time.Now()))
	if n := len(strings.Fields(header.Get("webhook-signature"))); n != 3 {
		t.Errorf("%d signatures for three secrets", n)
	}
	for i, secret := range q.Secrets {
		verifier, err := standardwebhooks.NewWebhook(string(secret))
		if !strings.HasPrefix(string(secret), "whsec_") {
			verifier, err = standardwebhooks.NewWebhookRaw([]byte(secret))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(q.Body, header); err != nil {
			t.Errorf("secret %d: %v", i, err)
		}
		if err := verifier.Verify(append(q.Body, ' '), header); err == nil {
			t.Errorf("secret %d verifies another body too", i)
		}
	}
	other, err := standardwebhooks.NewWebhookRaw([]byte("somebody else's"))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Verify(q.Body, header); err == nil {
		t.Error("a secret that is none of ours verifies")
	}
}

func TestSignaturesBeginWithThatOfTheNewestSecret(t *testing.T) {
	at, body := time.Unix(1, 0), []byte("{}")
	both := standardSignature([]platform.Secret{"newest", "previous"}, "evt_1", at, body)
	want := standardSignature([]platform.Secret{"newest"}, "evt_1", at, body) + " " +
		standardSignature([]platform.Secret{"previous"}, "evt_1", at, body)
	if both != want {
		t.Errorf("got %s, want %s", both, want)
	}
}

// canonical is a header as a receiver's library sees it.
func canonical(h http.Header) http.Header {
	received := make(http.Header)
	for name, values := range h {
		received[http.CanonicalHeaderKey(name)] = values
	}
	return received
}
