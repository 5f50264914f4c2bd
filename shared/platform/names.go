package platform

// NamesIn are the fields by which a log line names a message of which only the
// body is at hand, valid or not: its type, its own id, app and organization, and
// version, as far as they are there and well formed. It reads the body anew, so
// it is for lines that are rare.
func NamesIn(body []byte) []any {
	o := openBody(body)
	var names []any
	add := func(name, value string) {
		if value != "" {
			names = append(names, name, value)
		}
	}
	kind := o.wellFormed(func(o object) string { return o.word("type") })
	own := "webhook_id"
	switch {
	case kind != "":
		own = "id"
	case o.has("kind"):
		own = "notice_id"
	}
	add("type", kind)
	add(own, o.wellFormed(func(o object) string { return o.id("id", 128, "_:-") }))
	for _, subject := range []string{"app", "organization"} {
		id := o.wellFormed(func(o object) string { return o.platformID(subject + "_id") })
		if id == "" {
			id = o.wellFormed(func(o object) string { return o.object(subject).platformID("id") })
		}
		add(subject+"_id", id)
	}
	if raw := o.fields.get("version"); raw != nil {
		if n, err := wholeNumber(raw); err == nil {
			names = append(names, "version", n)
		}
	}
	return names
}

// wellFormed is what read reads; empty if that is not as it must be.
func (o object) wellFormed(read func(object) string) string {
	o.first = new(error)
	text := read(o)
	if *o.first != nil {
		return ""
	}
	return text
}
