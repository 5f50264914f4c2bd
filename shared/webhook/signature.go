package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"hookwarden/shared/platform"
)

// hookSignature is the hex HMAC-SHA256 of the body, keyed with the secret's
// bytes as they are.
func hookSignature(secret platform.Secret, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// standardSignature is the webhook-signature header of Standard Webhooks 1.0:
// one "v1,<base64>" per secret, in the order given.
func standardSignature(secrets []platform.Secret, id string, at time.Time, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, standardKey(secret))
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}

// standardKey decodes the base64 that follows whsec_. Any other secret is used
// as its bytes. A malformed whsec_ secret is never registered.
func standardKey(secret platform.Secret) []byte {
	if text, ok := strings.CutPrefix(string(secret), "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(text); err == nil {
			return key
		}
	}
	return []byte(secret)
}
