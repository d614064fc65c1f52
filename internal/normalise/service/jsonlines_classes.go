package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// kind is what an action word says of an event: class, activity and, where
// the word itself tells it ("login_failure"), the outcome.
type kind struct{ class, activity, status int32 }

// actionKinds lists the words by which JSON and CSV logs name what happened,
// in the canonical form of canonicalName.
func actionKinds() map[string]kind {
	m := map[string]kind{}
	add := func(class, activity, status int32, words string) {
		for w := range strings.FieldsSeq(words) {
			m[canonicalName(w)] = kind{class, activity, status}
		}
	}
	const unknown, success, failure = event.StatusUnknown, event.StatusSuccess, event.StatusFailure
	add(event.ClassAuthentication, event.ActivityLogon, unknown, "login logon signin sign_in user_login userlogin userloggedin user.login "+
		"auth authenticate authentication vpn_auth vpn_login ssh_login console_login consolelogin user.session.start user_logged_in session_start "+
		"authn sign-in_activity userauthenticate user.authentication.sso user.authentication.auth_via_mfa ログイン ログオン サインイン 認証 ログイン（web）")
	add(event.ClassAuthentication, event.ActivityLogon, success, "login_success loginsuccess auth_success authentication_success ログイン成功 認証成功")
	add(event.ClassAuthentication, event.ActivityLogon, failure, "login_failure login_failed loginfailed auth_failure auth_failed userloginfailed "+
		"authentication_failure failed_login ログイン失敗 認証失敗 ログイン(失敗)")
	add(event.ClassAuthentication, event.ActivityLogoff, unknown, "logout logoff signout sign_out user_logout user.logout userloggedout session_end "+
		"user.session.end ログアウト ログオフ サインアウト")
	add(event.ClassAuthentication, event.ActivityAccountSwitch, unknown, "sudo su switch_user assumerole")
	add(event.ClassTunnel, event.ActivityTunnelOpen, unknown, "vpn_connect vpn_connected vpn_start tunnel_up tunnel-up vpn接続 接続開始")
	add(event.ClassTunnel, event.ActivityTunnelClose, unknown, "vpn_disconnect vpn_disconnected vpn_stop tunnel_down tunnel-down vpn切断 切断")
	add(event.ClassNetwork, event.ActivityNetworkTraffic, success, "allow allowed accept accepted permit pass traffic 許可")
	add(event.ClassNetwork, event.ActivityNetworkRefuse, failure, "deny denied drop dropped reject rejected block blocked 拒否 遮断")
	add(event.ClassDatastore, event.ActivityDatastoreQuery, unknown, "query execute call explain")
	add(event.ClassDatastore, event.ActivityDatastoreRead, unknown, "select show fetch")
	add(event.ClassDatastore, event.ActivityDatastoreWrite, unknown, "insert replace load merge")
	add(event.ClassDatastore, event.ActivityDatastoreUpdate, unknown, "update alter grant revoke set")
	add(event.ClassDatastore, event.ActivityDatastoreCreate, unknown, "create")
	add(event.ClassDatastore, event.ActivityDatastoreDelete, unknown, "delete drop drop_table drop_database truncate drop_user")
	addDocumentKinds(add)
	addAdministrationKinds(add)
	return m
}

type addKind func(class, activity, status int32, words string)

func addDocumentKinds(add addKind) {
	const hosting = event.ClassFileHosting
	add(hosting, event.ActivityHostingPreview, 0, "doc_view view file_view fileaccessed filepreviewed file_opened preview 閲覧 表示 参照 プレビュー ファイル閲覧")
	add(hosting, event.ActivityHostingDownload, 0, "doc_download download file_download filedownloaded file_downloaded ダウンロード ファイルダウンロード 添付ファイルダウンロード")
	add(hosting, event.ActivityHostingUpload, 0, "doc_upload upload file_upload fileuploaded file_uploaded アップロード ファイルアップロード")
	add(hosting, event.ActivityHostingUpdate, 0, "doc_edit edit doc_update file_edit filemodified ファイル更新 編集 更新 変更")
	add(hosting, event.ActivityHostingDelete, 0, "doc_delete file_delete filedeleted file_deleted filerecycled 削除 ファイル削除")
	add(hosting, event.ActivityHostingShare, 0, "doc_share share file_share sharingset file_shared 共有 公開 アクセス権変更 権限変更")
	add(hosting, event.ActivityHostingUnshare, 0, "doc_unshare unshare 共有解除")
	add(hosting, event.ActivityHostingOpen, 0, "doc_open")
	const web = event.ClassWebResources
	add(web, event.ActivityWebCreate, 0, "mail_send send_mail approval_submit message_posted post_message comment 投稿 送信 登録 追加 作成 申請")
	add(web, event.ActivityWebSearch, 0, "search 検索")
	add(web, event.ActivityWebExport, 0, "export エクスポート csv出力 出力 書き出し")
}

func addAdministrationKinds(add addKind) {
	add(event.ClassAccountChange, format.ActivityAccountCreate, 0, "user_create create_user user_created useradd createuser ユーザー作成 ユーザー追加 アカウント作成")
	add(event.ClassAccountChange, format.ActivityPasswordChange, 0, "password_change change_password password_changed パスワード変更")
	add(event.ClassAccountChange, format.ActivityAccountDelete, 0, "user_delete delete_user user_deleted deleteuser ユーザー削除 アカウント削除")
	add(event.ClassProcess, event.ActivityProcessLaunch, 0, "exec process_start process_started process_created execve プロセス起動")
	add(event.ClassProcess, event.ActivityProcessTerminate, 0, "process_end process_stopped process_terminated プロセス終了")
	add(event.ClassFileSystem, event.ActivityFileCreate, 0, "file_create file_created ファイル作成")
	add(event.ClassFileSystem, event.ActivityFileRename, 0, "file_rename file_renamed ファイル名変更")
}

// classifier tells the kind of a record from its action word and its columns.
type classifier struct {
	actions map[string]kind
	seen    map[string]kind
}

func newClassifier() *classifier {
	return &classifier{actions: actionKinds(), seen: map[string]kind{}}
}

// action finds the kind that a word names, whole or by its beginning.
func (c *classifier) action(word string) kind {
	if k, ok := c.seen[word]; ok {
		return k
	}
	k := c.lookUp(word)
	if len(c.seen) < maxSeenNames {
		c.seen[word] = k
	}
	return k
}

func (c *classifier) lookUp(word string) kind {
	if a := format.HTTPActivity(word); a != 0 && !strings.EqualFold(word, "delete") {
		return kind{event.ClassHTTP, a, 0}
	}
	if k, ok := c.actions[canonicalName(word)]; ok {
		return k
	}
	// "DROP DATABASE", "create table": the verb decides.
	verb, rest, _ := strings.Cut(word, " ")
	if k := statementKind(verb); k.class != 0 && len(verb) < len(word) && !strings.Contains(rest, ".") {
		return k
	}
	lower := strings.ToLower(word)
	for _, p := range [...]struct {
		prefix string
		kind   kind
	}{
		{"vpn_", kind{event.ClassTunnel, event.ActivityOther, 0}}, {"doc_", kind{event.ClassFileHosting, event.ActivityOther, 0}},
		{"file_", kind{event.ClassFileHosting, event.ActivityOther, 0}}, {"login", kind{event.ClassAuthentication, event.ActivityOther, 0}},
		{"ssh_", kind{event.ClassSSH, event.ActivityOther, 0}}, {"user.authentication", kind{event.ClassAuthentication, event.ActivityLogon, 0}},
	} {
		if strings.HasPrefix(lower, p.prefix) {
			return p.kind
		}
	}
	return japaneseKind(word)
}

// japaneseKind looks for the words of actionKinds inside a Japanese sentence,
// as groupware logs have them ("ファイルをダウンロードしました").
func japaneseKind(text string) kind {
	status := event.StatusUnknown
	if strings.Contains(text, "失敗") || strings.Contains(text, "エラー") {
		status = event.StatusFailure
	}
	for _, w := range [...]struct {
		word            string
		class, activity int32
	}{
		{"ログアウト", event.ClassAuthentication, event.ActivityLogoff}, {"ログオフ", event.ClassAuthentication, event.ActivityLogoff},
		{"パスワード", event.ClassAccountChange, format.ActivityPasswordChange}, {"ログイン", event.ClassAuthentication, event.ActivityLogon},
		{"ログオン", event.ClassAuthentication, event.ActivityLogon}, {"認証", event.ClassAuthentication, event.ActivityLogon},
		{"ダウンロード", event.ClassFileHosting, event.ActivityHostingDownload}, {"アップロード", event.ClassFileHosting, event.ActivityHostingUpload},
		{"共有", event.ClassFileHosting, event.ActivityHostingShare}, {"アクセス権", event.ClassFileHosting, event.ActivityHostingShare},
		{"閲覧", event.ClassFileHosting, event.ActivityHostingPreview}, {"削除", event.ClassFileHosting, event.ActivityHostingDelete},
		{"変更", event.ClassFileHosting, event.ActivityHostingUpdate}, {"更新", event.ClassFileHosting, event.ActivityHostingUpdate},
		{"書き出し", event.ClassWebResources, event.ActivityWebExport}, {"検索", event.ClassWebResources, event.ActivityWebSearch},
		{"追加", event.ClassWebResources, event.ActivityWebCreate}, {"登録", event.ClassWebResources, event.ActivityWebCreate},
	} {
		if strings.Contains(text, w.word) {
			return kind{w.class, w.activity, status}
		}
	}
	return kind{}
}

// statementKind gives the kind of an SQL verb.
func statementKind(verb string) kind {
	if a := format.StatementActivity(verb); a != 0 {
		return kind{event.ClassDatastore, a, 0}
	}
	return kind{}
}
