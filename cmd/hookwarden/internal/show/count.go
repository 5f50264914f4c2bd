package show

import "fmt"

// Count is a number with its noun, and what goes with that: Count(1, "letter is", "letters are")
// is "1 letter is".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
