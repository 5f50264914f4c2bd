package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

func TestWithoutAKeyTheServicesOwnKeysEncrypt(t *testing.T) {
	t.Parallel()
	template := expand(t)
	for name, q := range template.OfType("AWS::SQS::Queue") {
		if q["SqsManagedSseEnabled"] != true || q["KmsMasterKeyId"] != nil {
			t.Errorf("%s is %v", name, q)
		}
	}
	for name, table := range template.OfType("AWS::DynamoDB::Table") {
		if table["SSESpecification"] != nil { // SSEEnabled without a key is the account's managed key, which is paid for by the call
			t.Errorf("%s is %v", name, table["SSESpecification"])
		}
	}
	for name, g := range template.OfType("AWS::Logs::LogGroup") {
		if g["KmsKeyId"] != nil {
			t.Errorf("%s is %v", name, g)
		}
	}
	if len(template.OfType("AWS::IAM::Policy")) != 0 {
		t.Error("the roles may use a key that there is not")
	}
}

func TestAKeyOfOnesOwnEncryptsQueuesTablesAndLogs(t *testing.T) {
	t.Parallel()
	template := expand(t, "KmsKeyArn="+key)
	for name, q := range template.OfType("AWS::SQS::Queue") {
		if q["SqsManagedSseEnabled"] != nil || Target(q["KmsMasterKeyId"]) != "KmsKeyArn" {
			t.Errorf("%s is %v", name, q)
		}
	}
	for name, table := range template.OfType("AWS::DynamoDB::Table") {
		want := Object{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": Object{"Ref": "KmsKeyArn"}}
		if diff := cmp.Diff(want, table["SSESpecification"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, g := range template.OfType("AWS::Logs::LogGroup") {
		if Target(g["KmsKeyId"]) != "KmsKeyArn" {
			t.Errorf("%s is %v", name, g)
		}
	}

	policy := template.Resources["KeyPolicy"].Properties
	var roles []string
	for _, r := range List(policy["Roles"]) {
		roles = append(roles, Target(r))
	}
	if diff := cmp.Diff([]string{"RegisterRole", "DeliverRole", "DisableRole", "SweepRole", "NotifyRole"}, roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	statements := Statements(policy)
	if len(statements) != 1 {
		t.Fatalf("%d statements", len(statements))
	}
	if diff := cmp.Diff([]Grant{{"kms:Decrypt", "KmsKeyArn"}, {"kms:GenerateDataKey", "KmsKeyArn"}}, Grants(statements[0])); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	via := []any{Object{"Fn::Sub": "sqs.${AWS::Region}.${AWS::URLSuffix}"}, Object{"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}
	if diff := cmp.Diff(via, At(statements[0], "Condition", "StringEquals", "kms:ViaService")); diff != "" {
		t.Errorf("via (-want +got):\n%s", diff)
	}
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
