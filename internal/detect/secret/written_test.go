package secret

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func scanMessage(s *Scanner, text string) []Hit {
	return s.Scan(&event.Event{ClassUID: event.ClassWebResources, Statement: text, Message: text}, nil)
}

func TestWrittenCredentialsAreFound(t *testing.T) {
	s := scanner(t)
	for _, x := range []struct{ text, kind string }{
		{"パスワード：Sakura2018!", KindPassword},
		{"新しいパスワードは Haru2018x です", KindPassword},
		{"初期パスワード「Ab12cd34」でログインしてください", ""},
		{"初期パスワード:「Ab12cd34」でログインしてください", KindPassword},
		{"PW:tanaka01", KindPassword},
		{"ＰＷ：ｔａｎａｋａ０１", KindPassword},
		{"ID: tanaka\nPW: kaki9kue", KindPassword},
		{"ID/PW：tanaka/kaki9kue", KindPassword},
		{"ID・パスワード：tanaka ／ kaki9kue", KindPassword},
		{"ログイン情報：tanaka／kaki9kue", KindPassword},
		{"ﾊﾟｽﾜｰﾄﾞ=kaki9kue", KindPassword},
		{"暗証番号：4649", KindPassword},
		{"root のパスワードが Zx9-kaki に変わりました", KindPassword},
		{"パスワード: himawari", KindPassword},
		{"the password is kaki9kue, please change it", KindPassword},
		{"db_password = \"kaki9kue\"", KindPassword},
		{`{"user":"a","password":"kaki9kue"}`, KindPassword},
		{"パスワード（初期）：kaki9kue", KindPassword},
		{"| サーバー | root | パスワード | kaki9kue |", KindPassword},
		{"mysql -u root -pkaki9kue shop", KindPassword},
		{"sshpass -p kaki9kue ssh root@192.0.2.1", KindPassword},
		{"net use z: \\\\files\\x /user:corp\\taro kaki9kue", KindPassword},
		{"事前共有鍵: Yama-kawa-2018", KindPreshared},
		{"pre-shared-key ascii-text \"Yama-kawa-2018\"", KindPreshared},
		{"VPN の PSK は Yamakawa2018 です", KindPreshared},
		{"WPA2キー：Yamakawa2018", KindPreshared},
		{"認証コード：482913", KindCode},
		{"Your verification code is 482913.", KindCode},
		{"G の確認コードは G-482913 です", KindCode},
		{"postgres://app:kaki9kue@db1.example.jp:5432/shop", KindConnection},
		{"Server=db1;Database=shop;User Id=sa;Password=kaki9kue;", KindPassword},
		{"Authorization: Basic dGFuYWthOmtha2k5a3Vl", KindBasic},
		{"-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU", KindPrivateKey},
	} {
		got := scanMessage(s, x.text)
		if x.kind == "" {
			continue
		}
		if len(got) != 1 || got[0].Kind != x.kind || got[0].Field != "statement" || got[0].Count != 1 {
			t.Errorf("%q: %+v", x.text, got)
		}
	}
}

func TestWhatIsNoCredentialIsLeftAlone(t *testing.T) {
	s := scanner(t)
	for _, text := range []string{
		"パスワードを変更してください", "パスワード：********", "パスワード：●●●●●●", "パスワード：", "パスワード：別途お知らせします", "パスワード: 同上",
		"パスワードは12文字以上にしてください", "パスワードは 8-16 文字です", "パスワード：12〜64文字", "パスワードは90日ごとに変更", "パスワードの有効期限: 2026/12/31",
		"パスワード: https://example.jp/reset?x=1", "パスワード：<your password>", "password: <your password>", "password: your-password", "Password: ${DB_PASSWORD}",
		"password=%PASSWORD%", "password: {{ vault_password }}", "password=$DB_PASS", "password = process.env.DB_PASSWORD", "password=os.environ['X']",
		"Password: Enter your new password", "Password: (required)", "password is required", "the password is case-sensitive", "password: [REDACTED]", "passwd: files systemd",
		"PW: ", "ID / パスワード", "ID：　　　　パスワード：", "pass: fail: 3", "compass: northwest 10", "Pass rate: 99.5%", "passed=120 failed=2", "by-pass: enabled",
		"パスワード一覧.xlsx", "password: list.xlsx", "password = getenv(\"X\")", "password: $2y$10$abcdefghijklmnopqrstuv", "password=5f4dcc3b5aa765d61d8327deb882cf99",
		"password = :password", "password=?", "認証コードを入力してください", "認証コード：", "確認コードは10分間有効です", "https://example.jp/a:b@c", "postgres://app:${PASS}@db1/shop",
		"postgres://app:****@db1/shop", "PSK は別紙", "事前共有鍵：お渡し済み", "Basic knowledge of networks", "Basic authentication", "basic 2018-03-01", "次の会議は 14:00 から",
		"明日の会議の資料です。よろしくお願いします。", "a key: value pair in the text", "トークン切れのため再ログインしてください",
		"password reset: 2018-03-01 12:00", "このキーは回転します", "-----BEGIN CERTIFICATE-----\nMIIB",
	} {
		if got := scanMessage(s, text); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestStatementsWithPasswordsAreFound(t *testing.T) {
	s := scanner(t)
	scan := func(text string) []Hit {
		return s.Scan(&event.Event{ClassUID: event.ClassDatastore, Statement: text}, nil)
	}
	for _, text := range []string{
		"CREATE USER app IDENTIFIED BY 'kaki9kue'", "ALTER ROLE app WITH PASSWORD 'kaki9kue'", "SET PASSWORD FOR app = PASSWORD('kaki9kue')", "CREATE LOGIN app WITH PASSWORD = N'kaki9kue'",
	} {
		if got := scan(text); len(got) != 1 || got[0].Kind != KindPassword {
			t.Errorf("%q: %+v", text, got)
		}
	}
	for _, text := range []string{
		"CREATE USER app IDENTIFIED BY <secret>", "ALTER ROLE app PASSWORD '********'", "CREATE USER app IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'",
		"ALTER ROLE app PASSWORD 'SCRAM-SHA-256$4096:abc'", "SELECT password FROM users WHERE id = 17", "ALTER ROLE app PASSWORD <REDACTED>", "SELECT * FROM users WHERE password = $1",
	} {
		if got := scan(text); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestOnlyClassesWithTextAreSearchedForCredentials(t *testing.T) {
	s := scanner(t)
	for class, want := range map[int32]int{
		event.ClassFileHosting: 1, event.ClassWebResources: 1, event.ClassDatastore: 1, event.ClassApplicationError: 1, event.ClassHTTP: 1,
		event.ClassBase: 0, event.ClassAuthentication: 0, event.ClassNetwork: 0,
	} {
		if got := s.Scan(&event.Event{ClassUID: class, Statement: "password=kaki9kue"}, nil); len(got) != want {
			t.Errorf("class %d: %+v", class, got)
		}
	}
	refused := s.Scan(&event.Event{ClassUID: event.ClassHTTP, StatusID: event.StatusFailure, Statement: "user=admin&password=admin123"}, nil)
	if len(refused) != 1 || refused[0].Level != "low" {
		t.Errorf("a refused request: %+v", refused)
	}
}

func TestCredentialsAreFoundInNativeFields(t *testing.T) {
	s := scanner(t)
	ev := &event.Event{ClassUID: event.ClassFileHosting, Object: "共有メモ"}
	ev.Add("file.content", "root のパスワード: kaki9kue")
	ev.Add("kaki9kue", "パスワード: kaki9kue")
	got := s.Scan(ev, nil)
	if len(got) != 1 || got[0].Field != "content" {
		t.Errorf("%+v", got)
	}
}

// TestNoHitHoldsACredential proves that what is shown of a credential is one
// of a few texts of ours, whatever the event holds.
func TestNoHitHoldsACredential(t *testing.T) {
	s := scanner(t)
	fields := []string{"statement", "object", "message", "raw", "text", "content"}
	masks := []string{"**** (<8)", "**** (8-15)", "**** (16-31)", "**** (32+)"}
	label := rapid.SampledFrom([]string{"パスワード：", "password=", "PW: ", "PSK=", "ID/PW：a/", "postgres://u:", "api_key = ", "aws_secret_access_key=", "xoxb-", "Authorization: Basic "})
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.StringMatching(`[!-~]{4,40}`).Draw(rt, "value")
		text := rapid.StringMatching(`[a-z ]{0,10}`).Draw(rt, "before") + label.Draw(rt, "label") + value + rapid.SampledFrom([]string{"", "@h/x", " です", "\n"}).Draw(rt, "after")
		ev := &event.Event{ClassUID: event.ClassFileHosting, Object: text}
		ev.Add(value, text)
		ev.Add("content", text+" "+text)
		for _, h := range s.Scan(ev, []byte(text)) {
			known := strings.HasPrefix(h.RuleID, "secret.") && slices.Contains(fields, h.Field)
			cards := h.Kind == KindCard || h.Kind == KindTrack || h.Kind == KindSecurityCode
			if !known || !cards && !slices.Contains(masks, h.Masked) {
				rt.Fatalf("%q gives %+v", text, h)
			}
		}
	})
}

func FuzzScan(f *testing.F) {
	s := scanner(f)
	for _, x := range []string{
		"4111-1111-1111-1111", "%B4111111111111111^A/B^29121011?", "パスワード：kaki9kue", "ID/PW：a/b1c2d3", "\xEF\xBC\x91\xEF\xBC", "cvv=123", "postgres://a:b1c2d3@h",
		"-----BEGIN PRIVATE KEY-----", "xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx",
	} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ev := &event.Event{ClassUID: event.ClassWebResources, Statement: text}
		first := s.Scan(ev, []byte(text))
		if again := s.Scan(ev, []byte(text)); !slices.Equal(first, again) {
			t.Fatalf("%+v, then %+v", first, again)
		}
		for _, h := range first {
			if h.Count < 1 || h.Title == "" || h.TitleJA == "" || h.Level == "" || h.Masked == "" {
				t.Fatalf("%+v", h)
			}
		}
	})
}
