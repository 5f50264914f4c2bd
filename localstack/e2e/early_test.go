package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// It runs alone, since it changes the functions and brakes all warnings.
func TestWarningsOfWhatDoesNotPassAreEarlyAndBraked(t *testing.T) {
	if running.Names["HOOKWARDEN_ENGINE"] != "ministack" && running.held == nil {
		t.Skip("it changes the functions' environment, and where they reach this machine is not known")
	}
	setVariable(t, "DISABLE_FUNCTION", "EARLY_WARNING_MINUTES", "0")
	t.Run("an expired certificate is warned of within a batch", expiredCertificate)
	t.Run("a fault that hits 200 apps at once mails 50 owners at most, and rings an alarm", brakedWarnings)
}

func expiredCertificate(t *testing.T) {
	org := newOrganization(t, 1)
	a := newApp(t, org, "internal", receiver.Status(http.StatusOK))
	a.settings["webhook_url"] = expiredServer(t) + "/hook"
	a.put(t, 2)
	begun := time.Now()
	a.send(t, a.webhook(nil))
	item := a.warned(t, "permanent")
	t.Logf("after %s", time.Since(begun).Round(100*time.Millisecond))
	if item.Text("warned_reason") != "dead" || item.Text("warned_cut_on") != time.Now().UTC().AddDate(0, 0, 5).Format(time.DateOnly) {
		t.Errorf("the app is %v", item)
	}
	a.send(t, a.webhook(nil), a.webhook(nil)) // more of the same does not cause another warning
	a.entries(t, 3)
	for address, mails := range a.mailsTo(t, org.emails, platform.AppWarning, item.Text("warned_at"), "Your App "+a.slug+" integration is failing") {
		if len(mails) != 1 || !strings.Contains(mails[0].Text, "certificate") || !strings.Contains(mails[0].HTML, "certificate") {
			t.Errorf("%d mails to %s: %s", len(mails), address, mails[0].Text)
		}
	}
	auditOf(t, org, 1)
	a.heard(t, 1)
}

// expiredServer is an HTTPS server whose certificate expired yesterday.
func expiredServer(t *testing.T) (url string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	certificate := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().AddDate(0, 0, -30), NotAfter: time.Now().AddDate(0, 0, -1),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	must(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func brakedWarnings(t *testing.T) {
	const apps = 200
	prefix := unique("many")
	name := func(n int) string { return fmt.Sprintf("%s-%d", prefix, n) }
	var messages []any
	for n := range apps {
		messages = append(messages,
			object{"type": "organization.put", "version": 1, "organization": object{"id": name(n), "slug": name(n), "name": name(n),
				"owners": []object{{"email": "owner@" + name(n) + ".example"}}}},
			object{"type": "app.put", "version": 1, "app": object{"id": name(n), "uuid": unique("uuid"), "slug": name(n), "name": name(n), "status": "internal",
				"organization_id": name(n), "webhook_url": "http://127.0.0.1:9/", "secrets": []string{"hush"}}})
	}
	register(t, messages...)
	for n := range apps {
		eventually(t, "all are registered", func(ctx context.Context) error {
			if err := found(running.Get(ctx, "ORGANIZATIONS_TABLE", "id", name(n))); err != nil {
				return err
			}
			return found(running.Get(ctx, "APPS_TABLE", "id", name(n)))
		})
	}
	begun, day := time.Now(), time.Now().UTC().Format(time.DateOnly)
	for n := range apps {
		must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{"pk": name(n) + "#" + name(n) + "#1", "day": day, "timeout_count": int64(600)}))
	}
	eventually(t, "the brake on warnings latches", func(ctx context.Context) error {
		return found(running.Get(ctx, "AUDIT_TABLE", "pk", "#brake", "sk", "warning#latch"))
	})
	defer register(t, object{"type": "brake.open", "brake": "warning", "hours": 1, "actor": object{"type": "user", "id": 7}})
	rung := func(metric string) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, l := range logged(ctx, t, "disable", begun) {
				if l.metric && strings.Contains(l.text, `"`+metric+`":`) {
					return nil
				}
			}
			return stack.ErrNotYet
		}
	}
	eventually(t, "the alarms' metrics are counted", rung("warning.held"))
	eventually(t, "the alarms' metrics are counted", rung("warning.latched"))
	warned := 0
	for n := range apps {
		item, err := running.Get(t.Context(), "APPS_TABLE", "id", name(n))
		must(t, err)
		if item.Text("warned_at") != "" {
			warned++
		}
		if item.Text("disabled_at") != "" {
			t.Errorf("app %d is disabled", n)
		}
	}
	if warned == 0 || warned > 50 {
		t.Errorf("the owners of %d apps are warned", warned)
	}
	eventually(t, "the mails of all that are warned", func(ctx context.Context) error {
		mails, err := running.Mails(ctx)
		came := 0
		for _, m := range mails {
			if strings.Contains(strings.Join(m.To, " "), prefix) {
				came++
			}
		}
		if err == nil && came < warned {
			return fmt.Errorf("%d, want %d", came, warned)
		}
		if came > warned {
			t.Fatalf("%d mails, %d are warned", came, warned)
		}
		return err
	})
	t.Logf("%d of %d are warned", warned, apps)
}
