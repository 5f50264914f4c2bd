package main

import "path/filepath"

// showByHand says how to send a webhook to the stack that stays up.
func (s *story) showByHand() {
	env, down, program := envFile(s.stage.port), "make down PORT="+s.stage.port, " --env "+envFile(s.stage.port)
	if s.stage.port == defaultPort {
		env, down, program = filepath.Join(root, ".local", "stack.env"), "make down", ""
	}
	a := s.cast.bot
	s.title("Now you")
	s.paragraph("The stack stays up. To send %s a webhook by hand, with the AWS CLI that make has installed, in a new shell since this sets AWS_ variables:", a.name)
	s.code(
		`set -a; . ./`+env+`; set +a`,
		`PATH="$PWD/.local/venv-cli/bin:$PATH"`,
		`aws sqs send-message --endpoint-url "$AWS_ENDPOINT_URL" --queue-url "$WEBHOOK_QUEUE_URL" \`,
		`  --message-body '{"id": "evt_by_hand_1", "app_id": "`+a.id+`", "organization_id": "`+s.cast.org+`",`,
		`    "installation": {"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},`,
		`    "resource": "issue", "action": "created", "data": {"issue": {"id": "1"}}}'`,
	)
	s.paragraph(`Its receiver ended with this story, so the newest entry of its request log will say "connection_error" and "refused":`)
	s.code("go run ./cmd/hookwarden" + program + " requests " + a.id)
	s.paragraph("Why an app was disabled, who was told, and what comes next:")
	s.code("go run ./cmd/hookwarden" + program + " app " + s.cast.importer.id)
	s.paragraph(`With "url": "http://%s:8080/" in the message, it goes to a receiver of yours. `+
		`This one prints what it gets: python3 localstack/receive.py 8080`, s.Names["RECEIVER_HOST"])
	s.line("")
	s.line("%s takes the stack down.", s.bold(down))
}

// code writes lines to be copied.
func (p *page) code(lines ...string) {
	p.line("")
	for _, line := range lines {
		p.line("  %s", line)
	}
	p.line("")
}
