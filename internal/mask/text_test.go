package mask_test

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/mask"
)

func TestTypedSecretsAreMasked(t *testing.T) {
	m := mask.New()
	for _, text := range []string{
		"Login incorrect (mschap: MS-CHAP2-Response is incorrect): [bob/S3cr?tPW] (from client ap1 port 0 cli 02-00-5E-00-53-01)",
		"Login OK: [bob/S3cr?tPW] (from client ap1 port 0)",
		"user=bob password=S3cr?tPW host=db",
		"user=bob&password=S3cr?tPW&next=/home",
		`{"user":"bob","password":"S3cr?tPW","n":1}`,
		`{"body":"{\"user\":\"bob\",\"passwd\":\"S3cr?tPW\"}"}`,
		"passwd: S3cr?tPW from 192.0.2.1", "Pwd=S3cr?tPW;Database=x", "pwd = 'S3cr?tPW'", "app: auth failed [bob/S3cr?tPW]",
		"Server=192.0.2.9;User ID=sa;Password=S3cr?tPW;Encrypt=true",
		"CREATE USER 'b'@'%' IDENTIFIED BY 'S3cr?tPW'", "ALTER USER b IDENTIFIED BY S3cr?tPW", "SET PASSWORD FOR 'b'@'h' = PASSWORD('S3cr?tPW')",
		`{"sql":"create user b identified by \u0027S3cr?tPW\u0027"}`,
		"psql postgresql://app:S3crPW@db.example.jp/app", "net user bob S3cr?tPW /add", "sshpass -p S3cr?tPW ssh b@192.0.2.3",
		"curl -u bob:S3cr?tPW https://www.example.jp/", "tool --password S3cr?tPW run", "パスワードは S3cr?tPW です", "パスワード：S3cr?tPW",
		"mysql -uroot -pS3cr?tPW app", "Password-Confirmation=S3cr?tPW", `"new_password":["S3cr?tPW"]`,
	} {
		got, n := m.Text(text)
		if n == 0 || strings.Contains(got, "S3cr") || strings.Contains(got, "tPW") || !mask.Marked(got) {
			t.Errorf("%q is shown as %q", text, got)
		}
		if again, _ := m.Text(got); again != got {
			t.Errorf("masked again: %q, then %q", got, again)
		}
	}
}

func TestCredentialsAndCardsAreMasked(t *testing.T) {
	m := mask.New()
	for text, hidden := range map[string]string{
		"Authorization: Basic Ym9iOlMzY3JldHM=":                             "Ym9iOl",
		"authorization=Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcdefghijkl":        "eyJhb",
		`{"Authorization":"Bearer abcdef0123456789abcdef"}`:                 "abcdef0123",
		"card 4111 1111 1111 1111 accepted":                                 "1111 1111 1111",
		"order=7 pan=5500000000000004 amount=1200":                          "5500000000000004",
		"カード番号４１１１１１１１１１１１１１１１です":                                           "１１１１１１１１",
		"card=4111111111111111 cvv=987":                                     "987",
		"セキュリティコード：987 有効期限 12/29":                                          "987",
		"client_secret=0123456789abcdef&grant_type=x":                       "0123456789abcdef",
		";4111111111111111=29121010000000000000?":                           "4111111111111111",
		"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw",
	} {
		got, n := m.Text(text)
		if n == 0 || strings.Contains(got, hidden) {
			t.Errorf("%q is shown as %q", text, got)
		}
		if again, _ := m.Text(got); again != got {
			t.Errorf("masked again: %q, then %q", got, again)
		}
	}
}

func TestWhatIsNeededToFindStays(t *testing.T) {
	m := mask.New()
	for _, text := range []string{
		"sudo: bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls", "Failed password for root from 203.0.113.7 port 50112 ssh2",
		"passwd[91]: pam_unix(passwd:chauthtok): password changed for bob", "Login incorrect: [bob/<via Auth-Type = mschap>] (from client ap1 port 0)",
		"GET /login?next=%2Fhome HTTP/1.1", "password: incorrect", "date=2026-11-22 eventtime=1795316400000000000 srcip=192.0.2.10 srcport=50112",
		"https://www.example.jp/a?b=c", "SELECT * FROM passwords WHERE id = 7", "password authentication failed for user \"app\"",
		"session 4f9d2c7a-1111-4222-8333-444455556666", "sshd[17]: Accepted publickey for deploy from 198.51.100.2 port 5000 ssh2: ED25519 SHA256:abc",
		"password='********'", "[kworker/0:1] idle", "192.0.2.10 - bob [22/Nov/2026:12:00:00 +0900] \"GET /a/b HTTP/1.1\" 200 5120",
	} {
		if got, _ := m.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"password=a", `"pwd":"x\"y"`, "[bob/x]", "Login OK: [b/x] (from", "4111 1111 1111 1111", "パスワード：ａｂｃｄ", "••password••", "cvv: 123", "identified by 'x'", "\xff\xefpassword\xbc=\xbd"} {
		f.Add(s)
	}
	m := mask.New()
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4096 {
			return
		}
		once, n := m.Text(s)
		if n == 0 && once != s {
			t.Errorf("%q became %q, and nothing was found", s, once)
		}
		if twice, _ := m.Text(once); twice != once {
			t.Errorf("%q became %q, then %q", s, once, twice)
		}
	})
}

func BenchmarkText(b *testing.B) {
	m := mask.New()
	for name, text := range map[string]string{
		"access":   `192.0.2.10 - tanaka [22/Nov/2026:12:00:00 +0900] "GET /items/list?page=7 HTTP/1.1" 200 5120 "https://www.example.jp/items" "Mozilla/5.0 (X11; Linux x86_64)"`,
		"short":    "192.0.2.10",
		"password": "user=bob password=S3cr?tPW host=db.example.jp",
		"japanese": strings.Repeat("本日の定例会議の議事録を共有します。", 4),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Text(text)
			}
		})
	}
}
