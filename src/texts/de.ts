import type { Language } from './language.ts'

const mails: Language['mails'] = {
  tag: 'de',
  dates: 'de',
  common: {
    copy: 'Oder kopieren Sie diese Adresse in Ihren Browser:',
    when: 'Zeitpunkt',
    address: 'Neue Adresse',
    until: '{time} ({span} nach der Anforderung)',
    footer:
      'Diese E-Mail wurde von {product} automatisch versandt; Antworten werden nicht gelesen. Sie werden ' +
      'nie per E-Mail nach Ihrem Passwort gefragt.',
  },
  letters: {
    verify_email: {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse für {product}',
      heading: 'Bestätigen Sie Ihre Adresse',
      intro: [
        'Mit dieser Adresse wurde ein Konto bei {product} registriert.',
        'Um zu bestätigen, dass die Adresse Ihnen gehört, öffnen Sie bitte den Link und geben Sie das ' +
          'Passwort des Kontos ein.',
      ],
      button: 'Adresse bestätigen',
      notes: [
        'Der Link funktioniert einmal, bis zum {until}.',
        'Wenn Sie sich nicht registriert haben, ignorieren Sie diese E-Mail: Die Adresse bleibt ' +
          'unbestätigt, und ohne diesen Link kann sie niemand bestätigen.',
      ],
    },
    reset_password: {
      subject: 'Wählen Sie ein neues Passwort für {product}',
      heading: 'Wählen Sie ein neues Passwort',
      intro: [
        'Jemand, vermutlich Sie selbst, hat für das Konto mit dieser Adresse bei {product} ein neues ' +
          'Passwort angefordert.',
        'Öffnen Sie den Link, um eines zu wählen. Alle Geräte werden dabei abgemeldet.',
      ],
      button: 'Neues Passwort wählen',
      notes: [
        'Der Link funktioniert einmal, bis zum {until}. Geben Sie ihn nicht weiter: Wer ihn hat, kann ' +
          'das Konto übernehmen.',
        'Wenn Sie kein neues Passwort angefordert haben, ignorieren Sie diese E-Mail: Ihr Passwort ' +
          'bleibt, wie es ist.',
      ],
    },
    set_password: {
      subject: 'Ihr Konto bei {product}',
      heading: 'Wählen Sie Ihr Passwort',
      intro: [
        'Bei {product} wurde von der Administration ein Konto für Sie eingerichtet.',
        'Öffnen Sie den Link, um Ihr Passwort zu wählen. Danach können Sie sich mit dieser Adresse anmelden.',
      ],
      button: 'Passwort wählen',
      notes: [
        'Der Link funktioniert einmal, bis zum {until}. Geben Sie ihn nicht weiter: Wer ihn hat, kann ' +
          'das Konto übernehmen.',
        'Wenn Sie dort kein Konto erwarten, ignorieren Sie diese E-Mail: Ohne Passwort kann es niemand ' +
          'benutzen.',
      ],
    },
    change_email: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse für {product}',
      heading: 'Bestätigen Sie Ihre neue Adresse',
      intro: [
        'Diese Adresse wurde als neue Adresse eines Kontos bei {product} eingetragen.',
        'Um sie von jetzt an zu verwenden, öffnen Sie bitte den Link und geben Sie das Passwort des ' +
          'Kontos ein.',
      ],
      button: 'Adresse bestätigen',
      notes: [
        'Der Link funktioniert einmal, bis zum {until}. Bis zur Bestätigung behält das Konto seine ' +
          'bisherige Adresse.',
        'Wenn Sie das nicht veranlasst haben, ignorieren Sie diese E-Mail: Ohne diesen Link ändert sich ' +
          'nichts.',
      ],
    },
    email_changed: {
      subject: 'Ihre E-Mail-Adresse bei {product} wurde geändert',
      heading: 'Ihre E-Mail-Adresse wurde geändert',
      intro: [
        'Ihr Konto bei {product} hat eine neue E-Mail-Adresse. E-Mails zu diesem Konto gehen von jetzt ' +
          'an dorthin und nicht mehr an diese Adresse.',
      ],
      notes: [
        'Wenn Sie das waren, müssen Sie nichts weiter tun.',
        'Wenn nicht, hat jemand anderes Ihr Konto benutzt: Wenden Sie sich sofort an den Betreiber von ' +
          '{product}, und ändern Sie dieses Passwort überall, wo Sie es sonst noch verwenden.',
      ],
    },
    password_changed: {
      subject: 'Ihr Passwort bei {product} wurde geändert',
      heading: 'Ihr Passwort wurde geändert',
      intro: ['Das Passwort Ihres Kontos bei {product} wurde geändert; andere Geräte wurden abgemeldet.'],
      notes: [
        'Wenn Sie das waren, müssen Sie nichts weiter tun.',
        'Wenn nicht, fordern Sie bei {product} sofort ein neues Passwort an („Passwort vergessen“): Mit ' +
          'dem Link, den Sie per E-Mail erhalten, holen Sie das Konto zurück und melden alle anderen ab.',
      ],
    },
    address_taken: {
      subject: 'Sie haben bereits ein Konto bei {product}',
      heading: 'Sie haben bereits ein Konto',
      intro: [
        'Jemand wollte diese Adresse bei {product} für ein neues oder ein anderes Konto verwenden. Sie ' +
          'gehört bereits zu Ihrem Konto, daher wurde nichts geändert.',
      ],
      notes: [
        'Wenn Sie das waren, melden Sie sich mit dieser Adresse an; falls Sie das Passwort vergessen ' +
          'haben, fordern Sie dort ein neues an.',
        'Wenn nicht, ignorieren Sie diese E-Mail: Wer es versucht hat, hat nicht erfahren, dass Sie ein ' +
          'Konto haben.',
      ],
    },
    new_device: {
      subject: 'Neue Anmeldung bei Ihrem Konto bei {product}',
      heading: 'Anmeldung mit einem neuen Gerät',
      intro: [
        'Ihr Konto bei {product} wurde auf einem Gerät benutzt, das wir noch nicht kennen. Welches es ' +
          'ist, sehen Sie in der Liste Ihrer Sitzungen.',
      ],
      notes: [
        'Wenn Sie das waren, müssen Sie nichts weiter tun.',
        'Wenn nicht, kennt jemand Ihr Passwort: Fordern Sie bei {product} sofort ein neues an ' +
          '(„Passwort vergessen“); damit werden alle Geräte abgemeldet.',
      ],
    },
    session_theft: {
      subject: 'Eine Sitzung Ihres Kontos bei {product} wurde beendet',
      heading: 'Wir haben eine Ihrer Sitzungen beendet',
      intro: [
        'Eine Anmeldung Ihres Kontos bei {product} wurde mit einem Schlüssel fortgesetzt, der längst ' +
          'ersetzt worden war. Möglicherweise hat ihn jemand kopiert; deshalb haben wir die Sitzung auf ' +
          'allen Seiten beendet.',
        'Es kann sein, dass Sie sich auf einem Ihrer Geräte neu anmelden müssen.',
      ],
      notes: [
        'Wenn Sie vor Kurzem ein Gerät aus einer Sicherung wiederhergestellt haben, ist das ' +
          'wahrscheinlich der Grund, und Sie müssen nichts weiter tun.',
        'Wenn Sie es sich nicht erklären können, prüfen Sie das Gerät auf fremde Programme und fordern ' +
          'Sie bei {product} ein neues Passwort an („Passwort vergessen“); damit werden alle Geräte ' +
          'abgemeldet.',
      ],
    },
  },
}

const pages: Language['pages'] = {
  tag: 'de',
  skip: 'Zum Inhalt springen',
  error: 'Fehler',
  causes: 'Mögliche Ursachen',
  form: { wrong: 'Bitte prüfen Sie Ihre Angaben', wrongPassword: 'Mit dem Passwort stimmt etwas nicht' },
  refusals: {
    password_too_short: 'Das Passwort hat weniger als {minimum} Zeichen.',
    password_too_long: 'Das Passwort hat mehr als {maximum} Zeichen.',
    password_too_common: 'Dieses Passwort wird zu häufig verwendet.',
    password_contains_personal: 'Das Passwort enthält Ihren Benutzernamen oder einen Teil Ihrer Adresse.',
    password_characters: 'Das Passwort enthält Zeichen, die sich nicht verlässlich wieder eingeben lassen.',
    password_incorrect: 'Das Passwort ist nicht richtig.',
    username_format:
      'Der Benutzername braucht {username_minimum} bis {username_maximum} Zeichen: A–Z, a–z, 0–9, Punkt, ' +
      'Unterstrich und Bindestrich.',
    username_taken: 'Dieser Benutzername ist vergeben.',
    email_format: 'Das ist keine Adresse der Form name@example.com.',
    email_taken: 'Diese Adresse gehört schon zu einem Konto.',
  },
  reset: {
    title: 'Neues Passwort wählen',
    lead:
      'Für Ihr Konto bei {host}. Mit dem Speichern werden alle Geräte abgemeldet, die das Konto ' +
      'benutzen.',
    label: 'Neues Passwort',
    hint:
      'Mindestens {minimum} Zeichen, ohne Ihren Benutzernamen und Ihre Adresse. Mehrere zufällige Wörter ' +
      'sind sicher und leicht zu merken.',
    button: 'Passwort speichern',
    done: 'Ihr Passwort wurde geändert',
    saved: 'Ihr neues Passwort ist gespeichert. Sie können sich jetzt damit anmelden.',
    ended: {
      none: 'Es war kein Gerät angemeldet.',
      one: 'Ein Gerät wurde abgemeldet.',
      more: '{count} Geräte wurden abgemeldet.',
    },
    told: 'Wir haben Ihnen eine E-Mail über die Änderung geschickt.',
    dead: {
      invalid: {
        title: 'Dieser Passwort-Link ist nicht gültig',
        next:
          'Öffnen Sie den Link in der neuesten E-Mail noch einmal, oder fordern Sie dort, wo Sie sich ' +
          'anmelden, einen neuen an („Passwort vergessen“).',
        causes: [
          'Der Link wurde von einem E-Mail-Programm abgeschnitten.',
          'Das Konto wurde gelöscht oder gesperrt.',
          'Die Adresse des Kontos wurde inzwischen geändert.',
        ],
      },
      expired: {
        title: 'Dieser Passwort-Link ist abgelaufen',
        next:
          'Fordern Sie dort, wo Sie sich anmelden, einen neuen Link an („Passwort vergessen“), und öffnen ' +
          'Sie ihn rechtzeitig: Er gilt {span}.',
        causes: ['Der Link wurde nicht rechtzeitig geöffnet.'],
      },
      used: {
        title: 'Dieser Passwort-Link wurde bereits verwendet',
        next:
          'Wenn Sie gerade ein neues Passwort gewählt haben, melden Sie sich damit an. Andernfalls fordern ' +
          'Sie dort, wo Sie sich anmelden, einen neuen Link an („Passwort vergessen“).',
        causes: [
          'Dieser oder ein anderer Link für dasselbe Konto wurde eingelöst.',
          'Das Passwort wurde nach dem Versand des Links geändert.',
        ],
      },
    },
  },
  verify: {
    title: 'Adresse bestätigen',
    lead:
      'Geben Sie das Passwort Ihres Kontos bei {host} ein, um zu bestätigen, dass diese Adresse Ihnen ' +
      'gehört.',
    label: 'Passwort',
    hint: 'Das Passwort, mit dem Sie sich dort anmelden.',
    button: 'Adresse bestätigen',
    forgotten:
      'Vergessen? Fordern Sie dort, wo Sie sich anmelden, ein neues Passwort an: Wenn Sie eines wählen, ' +
      'ist auch die Adresse bestätigt. Wenn Sie hier kein Konto haben, schließen Sie diese Seite; dann ' +
      'wird nichts bestätigt.',
    done: 'Ihre Adresse ist bestätigt',
    confirmed: '{email} ist bestätigt. Sie können diese Seite schließen.',
    dead: {
      invalid: {
        title: 'Dieser Bestätigungslink ist nicht gültig',
        next:
          'Öffnen Sie den Link in der neuesten E-Mail noch einmal, oder fordern Sie dort, wo Sie sich ' +
          'anmelden, einen neuen an.',
        causes: [
          'Der Link wurde von einem E-Mail-Programm abgeschnitten.',
          'Das Konto wurde gelöscht.',
          'Die Adresse wurde später noch einmal geändert.',
        ],
      },
      expired: {
        title: 'Dieser Bestätigungslink ist abgelaufen',
        next:
          'Fordern Sie dort, wo Sie sich anmelden, einen neuen Link an, und öffnen Sie ihn rechtzeitig: ' +
          'Er gilt {span}.',
        causes: ['Der Link wurde nicht rechtzeitig geöffnet.'],
      },
      used: {
        title: 'Dieser Bestätigungslink wurde bereits verwendet',
        next:
          'Wenn Sie die Adresse gerade bestätigt haben, müssen Sie nichts weiter tun. Andernfalls fordern ' +
          'Sie dort, wo Sie sich anmelden, einen neuen Link an.',
        causes: [
          'Die Adresse ist bereits bestätigt.',
          'Nach dem Versand des Links wurde ein neues Passwort gewählt.',
        ],
      },
    },
  },
  setup: {
    title: 'Ersten Administrator anlegen',
    lead:
      '{host} hat noch keinen Administrator. Das Konto, das mit diesem Formular entsteht, darf dort alles, ' +
      'auch mit allen anderen Konten.',
    fields: {
      username: {
        label: 'Benutzername',
        hint: '{minimum} bis {maximum} Zeichen: Buchstaben, Ziffern, Punkt, Unterstrich und Bindestrich.',
      },
      email: {
        label: 'E-Mail-Adresse',
        hint:
          'Dorthin wird ein Link zur Bestätigung geschickt. Auch ein vergessenes Passwort wird über sie ' +
          'ersetzt.',
      },
      password: {
        label: 'Passwort',
        hint:
          'Mindestens {minimum} Zeichen, kein häufig verwendetes Passwort und ohne Ihren Benutzernamen und ' +
          'Ihre Adresse. Mehrere zufällige Wörter sind sicher und leicht zu merken.',
      },
    },
    button: 'Administrator anlegen',
    done: 'Sie sind Administrator',
    made:
      'Das Konto {username} ist angelegt. Der Einrichtungslink ist damit verbraucht; einen weiteren wird ' +
      'es nicht geben.',
    next: 'Die nächsten Schritte',
    confirm: 'Bestätigen Sie Ihre Adresse: Der Link wurde an {email} geschickt.',
    confirmFirst:
      'Bestätigen Sie Ihre Adresse; dieser Server verlangt das, bevor Sie sich anmelden können. Der Link ' +
      'wurde an {email} geschickt.',
    inbox: 'Er liegt im {inbox}.',
    inboxLink: 'eingebauten Posteingang',
    signIn:
      'Melden Sie sich an: Die Schaltfläche „Authorize“ der {docs} nimmt Ihren ' +
      'Benutzernamen und Ihr Passwort entgegen, Programme verwenden {request}.',
    docsLink: 'API-Dokumentation',
    commands: 'Auf dem Server zeigt {command} die Befehle für Benutzer, Rollen und Schlüssel.',
    newLink:
      'Starten Sie den Server neu: Er erzeugt dann einen neuen Link. Oder auf der Kommandozeile: {command}',
    dead: {
      invalid: {
        title: 'Dieser Einrichtungslink ist nicht gültig',
        next: 'Kopieren Sie den ganzen Link noch einmal, oder lassen Sie einen neuen erzeugen.',
        causes: [
          'Der Link wurde beim Kopieren abgeschnitten.',
          'Er gehört zu einem anderen Server oder zu einer anderen Datenbank.',
        ],
      },
      expired: {
        title: 'Dieser Einrichtungslink ist abgelaufen',
        next: 'Lassen Sie einen neuen erzeugen, und öffnen Sie ihn rechtzeitig: Er gilt {span}.',
        causes: ['Seit dem Start des Servers sind mehr als {span} vergangen.'],
      },
      used: {
        title: 'Es gibt bereits einen Administrator',
        next:
          'Melden Sie sich mit diesem Konto an; ein vergessenes Passwort ersetzen Sie dort, wo Sie sich ' +
          'anmelden („Passwort vergessen“). Ein Administrator kann die Rolle auch anderen geben.',
        causes: [
          'Dieser oder ein anderer Einrichtungslink dieses Servers wurde verwendet.',
          'Ein Administrator wurde auf der Kommandozeile oder aus den Einstellungen angelegt.',
        ],
      },
    },
  },
  problem: {
    next: 'Was Sie tun können',
    status: 'Status',
    code: 'Code',
    request: 'Anfrage',
    codes: {
      request_invalid: {
        title: 'Die Anfrage konnte nicht gelesen werden',
        action: 'Öffnen Sie den Link aus der E-Mail noch einmal.',
      },
      cross_site_request: {
        title: 'Das Formular wurde von einer anderen Website abgeschickt',
        action:
          'Öffnen Sie den Link aus der E-Mail noch einmal, und schicken Sie das Formular von der Seite ab, ' +
          'die dann erscheint.',
      },
      not_found: {
        title: 'Unter dieser Adresse gibt es nichts',
        action: 'Kopieren Sie den ganzen Link noch einmal.',
      },
      email_taken: {
        title: 'Diese Adresse gehört inzwischen zu einem anderen Konto',
        action: 'Melden Sie sich mit jenem Konto an, oder wählen Sie in Ihrem eine andere Adresse.',
      },
      body_too_large: {
        title: 'Das Formular war zu groß',
        action: 'Öffnen Sie den Link aus der E-Mail noch einmal, und geben Sie weniger ein.',
      },
      media_type_unsupported: {
        title: 'Das Formular kam in einer Form an, die hier nicht angenommen wird',
        action:
          'Öffnen Sie den Link aus der E-Mail noch einmal, und schicken Sie das Formular von der Seite ab, ' +
          'die dann erscheint.',
      },
      validation_failed: {
        title: 'Das Formular war nicht vollständig',
        action:
          'Öffnen Sie den Link aus der E-Mail noch einmal, und füllen Sie das Formular aus, das dann ' +
          'erscheint.',
      },
      rate_limited: {
        title: 'Zu viele Versuche',
        action: 'Warten Sie eine Weile, höchstens eine Stunde, und öffnen Sie den Link dann noch einmal.',
      },
      internal_error: {
        title: 'Im Server ist etwas schiefgegangen',
        action:
          'Versuchen Sie es noch einmal; wenn es dabei bleibt, nennen Sie dem Betreiber dieses Servers die ' +
          'Anfrage, die unten steht.',
      },
      overloaded: {
        title: 'Der Server ist ausgelastet',
        action: 'Warten Sie ein paar Sekunden, und laden Sie die Seite dann neu.',
      },
      store_unavailable: {
        title: 'Der Server erreicht seine Daten nicht',
        action: 'Warten Sie eine Minute, und laden Sie die Seite dann neu.',
      },
    },
  },
}

export const de: Language = { mails, pages }
