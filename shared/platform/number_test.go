package platform

import (
	"strings"
	"testing"
)

func TestVersionIsAWholeNumberHoweverItIsWritten(t *testing.T) {
	for raw, want := range map[string]int64{
		"12": 12, "12.0": 12, "12.000": 12, "1.2e1": 12, "1.2E+1": 12, "120e-1": 12, "1e3": 1000, "9007199254740993": 9007199254740993,
		"9223372036854775807": 9223372036854775807, "9223372036854775807.0": 9223372036854775807, "922337203685477580.7e1": 9223372036854775807,
		"0.0012e4": 12, "1" + strings.Repeat("0", 400) + "e-400": 1, "1.0e0": 1,
		"0": 0, "0e5": 0, "-12": 0, "-12.0": 0, "12.5": 0, "1e-1": 0, "125e-1": 0, "1e19": 0, "1e99999999999999999999": 0, "1e-99999999999999999999": 0,
		"9223372036854775808": 0, "9223372036854775807.5": 0, "1e1000000000": 0, "0.0": 0, "-0": 0,
	} {
		for _, message := range []string{appPut, appDelete, orgPut} {
			m, err := DecodeRegistry([]byte(change(t, message, "version", raw)))
			if want == 0 {
				if err == nil || !strings.HasPrefix(err.Error(), "version must be a whole number") {
					t.Errorf("%.30s: %v", raw, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%.30s: %v", raw, err)
				continue
			}
			if got := versionOf(m); got != want {
				t.Errorf("%.30s is read as %d", raw, got)
			}
		}
	}
}

func versionOf(m RegistryMessage) int64 {
	switch m := m.(type) {
	case AppPut:
		return m.App.Version
	case AppDelete:
		return m.Version
	case OrganizationPut:
		return m.Organization.Version
	}
	return 0
}
