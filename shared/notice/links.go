package notice

import (
	"net/url"

	"hookwarden/shared/platform"
)

// links is where owners change an app, and where they see how it does: the links with
// which the app was registered, or else the model's pages at the platform. A link is
// empty if there is no such page.
func (c *Composer) links(n platform.Notice) (settings, dashboard string) {
	if c.config.PlatformURL != "" {
		settings, dashboard = c.modelsLinks(n)
	}
	return orElse(n.App.SettingsURL, settings), orElse(n.App.DashboardURL, dashboard)
}

// The referrers tell the platform where a visitor comes from.
const (
	fromSentryApp   = "?referrer=disabled-sentry-app"
	fromIntegration = "?referrer=disabled-integration"
)

// modelsLinks is the model's pages for a kind of app. Only a sentry-app has a
// dashboard.
func (c *Composer) modelsLinks(n platform.Notice) (settings, dashboard string) {
	of := func(pages string) string {
		return c.config.PlatformURL + "/settings/" + url.PathEscape(n.Organization.Slug) + "/" + pages + "/" + url.PathEscape(n.App.Slug) + "/"
	}
	switch n.App.Kind {
	case platform.Integration:
		return of("integrations") + fromIntegration, ""
	case platform.Plugin:
		return of("plugins") + fromIntegration, ""
	}
	page := of("developer-settings")
	return page + fromSentryApp, page + "dashboard/" + fromSentryApp
}
