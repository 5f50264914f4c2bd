package platform

import "slices"

func (a App) Guarded(statuses []Status) bool { return slices.Contains(statuses, a.Status) }
