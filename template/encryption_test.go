package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

func TestEncryptionWithoutAKeyIsByTheServicesOwn(t *testing.T) {
	t.Parallel()
	template := expand(t, "PlatformEvents=true")
	for name, q := range template.OfType("AWS::SQS::Queue") {
		if q["SqsManagedSseEnabled"] != true || q["KmsMasterKeyId"] != nil {
			t.Errorf("%s is %v", name, q)
		}
	}
	for name, table := range template.OfType("AWS::DynamoDB::Table") {
		if table["SSESpecification"] != nil { // SSEEnabled without a key means the account's managed key, whose every call costs money
			t.Errorf("%s is %v", name, table["SSESpecification"])
		}
	}
	for name, g := range template.OfType("AWS::Logs::LogGroup") {
		if g["KmsKeyId"] != nil {
			t.Errorf("%s is %v", name, g)
		}
	}
	if keys := keysOfRoles(t, template); len(keys) != 0 {
		t.Errorf("the roles may use keys that there are not: %v", keys)
	}
}

// The first of KmsKeyArn's keys encrypts. Both may decrypt, since messages and
// items under the old key are still there.
func TestEncryptionWithAKeyIsOfQueuesTablesAndLogs(t *testing.T) {
	t.Parallel()
	old := strings.Replace(key, "1111", "9999", 1)
	for value, want := range map[string]struct {
		encrypts any
		usable   []string
	}{
		key:             {key, []string{key}},
		key + "," + old: {key, []string{key, old}},
		"," + old:       {nil, []string{old}},
	} {
		template := expand(t, "KmsKeyArn="+value, "PlatformEvents=true")
		for name, q := range template.OfType("AWS::SQS::Queue") {
			if (q["SqsManagedSseEnabled"] == true) != (want.encrypts == nil) || q["KmsMasterKeyId"] != want.encrypts {
				t.Errorf("%s: %s is %v", value, name, q)
			}
		}
		var table any
		if want.encrypts != nil {
			table = Object{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": want.encrypts}
		}
		for name, properties := range template.OfType("AWS::DynamoDB::Table") {
			if diff := cmp.Diff(table, properties["SSESpecification"]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", value, name, diff)
			}
		}
		for name, g := range template.OfType("AWS::Logs::LogGroup") {
			if g["KmsKeyId"] != want.encrypts {
				t.Errorf("%s: %s is %v", value, name, g)
			}
		}
		usable := keysOfRoles(t, template)
		for name := range template.OfType("AWS::IAM::Role") {
			if diff := cmp.Diff(want.usable, usable[name]); diff != "" {
				t.Errorf("%s: keys of %s (-want +got):\n%s", value, name, diff)
			}
		}
	}
}

// keysOfRoles is the keys that each role may use, and only through SQS and
// DynamoDB. The roles themselves allow them, so that this is in place before a
// mapping polls.
func keysOfRoles(t *testing.T, template *Template) map[string][]string {
	t.Helper()
	keys := make(map[string][]string)
	for name, role := range template.OfType("AWS::IAM::Role") {
		for _, s := range Statements(role) {
			if !slices.Contains(List(s["Action"]), any("kms:Decrypt")) {
				continue
			}
			if diff := cmp.Diff([]any{"kms:Decrypt", "kms:GenerateDataKey"}, s["Action"]); diff != "" {
				t.Errorf("%s: actions (-want +got):\n%s", name, diff)
			}
			via := []any{Object{"Fn::Sub": "sqs.${AWS::Region}.${AWS::URLSuffix}"}, Object{"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}
			if diff := cmp.Diff(via, At(s, "Condition", "StringEquals", "kms:ViaService")); diff != "" {
				t.Errorf("%s: via (-want +got):\n%s", name, diff)
			}
			for _, resource := range List(s["Resource"]) {
				keys[name] = append(keys[name], resource.(string))
			}
		}
	}
	return keys
}

func TestDeletionProtectionIsAMatterOfAParameter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"false": false, "true": true} {
		for name, table := range expand(t, "DeletionProtection="+value).OfType("AWS::DynamoDB::Table") {
			if table["DeletionProtectionEnabled"] != want {
				t.Errorf("DeletionProtection=%s: %s has %v", value, name, table["DeletionProtectionEnabled"])
			}
		}
	}
	if got := expand(t).Parameters["DeletionProtection"].Default; got != "false" {
		t.Errorf("the default is %v", got)
	}
}
