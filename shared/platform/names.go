package platform

// NamesIn is the fields that name a message in a log line, read from its body,
// valid or not: its type, id, app, organization and version, as far as they are
// present and well formed. It decodes the body, so it is for rare lines.
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

// wellFormed is what read returns; empty if the field is wrong.
func (o object) wellFormed(read func(object) string) string {
	o.first = new(error)
	text := read(o)
	if *o.first != nil {
		return ""
	}
	return text
}
