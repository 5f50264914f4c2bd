package reading

import "fmt"

// count writes a number and its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", digits(n), noun)
}

// digits writes a number with commas.
func digits(n int64) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return digits(int64(n)) + " entries"
}
