import type { Language } from './language.ts'

const mails: Language['mails'] = {
  tag: 'en',
  dates: 'en-GB',
  common: {
    copy: 'Or copy this address into your browser:',
    when: 'When',
    address: 'New address',
    until: '{time} ({span} after it was asked for)',
    footer:
      '{product} sent this mail by itself; answers are not read. It never asks for your password by mail.',
  },
  letters: {
    verify_email: {
      subject: 'Confirm your e-mail address for {product}',
      heading: 'Confirm your e-mail address',
      intro: [
        'An account at {product} was registered with this address.',
        'To confirm that the address is yours, open the link and enter the password of the account.',
      ],
      button: 'Confirm this address',
      notes: [
        'The link works once, until {until}.',
        'If you did not register, ignore this mail: the address stays unconfirmed, and nobody can ' +
          'confirm it without this link.',
      ],
    },
    reset_password: {
      subject: 'Choose a new password for {product}',
      heading: 'Choose a new password',
      intro: [
        'Somebody, hopefully you, asked for a new password for the account with this address at {product}.',
        'Open the link to choose one. All devices will be signed out.',
      ],
      button: 'Choose a new password',
      notes: [
        'The link works once, until {until}. Do not pass it on: whoever has it can take the account over.',
        'If you did not ask for it, ignore this mail: your password stays as it is.',
      ],
    },
    set_password: {
      subject: 'Your account at {product}',
      heading: 'Choose your password',
      intro: [
        'An administrator has made an account for you at {product}.',
        'Open the link to choose your password. After that you can sign in with this address.',
      ],
      button: 'Choose a password',
      notes: [
        'The link works once, until {until}. Do not pass it on: whoever has it can take the account over.',
        'If you do not expect an account there, ignore this mail: without a password nobody can use it.',
      ],
    },
    change_email: {
      subject: 'Confirm your new e-mail address for {product}',
      heading: 'Confirm your new e-mail address',
      intro: [
        'This address was entered as the new address of an account at {product}.',
        'To use it from now on, open the link and enter the password of the account.',
      ],
      button: 'Confirm this address',
      notes: [
        'The link works once, until {until}. Until then the account keeps its old address.',
        'If you did not ask for this, ignore this mail: nothing changes without this link.',
      ],
    },
    email_changed: {
      subject: 'Your e-mail address at {product} was changed',
      heading: 'Your e-mail address was changed',
      intro: [
        'Your account at {product} has a new e-mail address. From now on its mail goes there and no ' +
          'longer to this address.',
      ],
      notes: [
        'If this was you, there is nothing to do.',
        'If it was not you, somebody else has used your account: write to the people who run ' +
          '{product} at once, and change this password wherever else you use it.',
      ],
    },
    password_changed: {
      subject: 'Your password at {product} was changed',
      heading: 'Your password was changed',
      intro: ['The password of your account at {product} was changed, and other devices were signed out.'],
      notes: [
        'If this was you, there is nothing to do.',
        'If it was not you, ask {product} for a new password at once (“forgot password”): the link ' +
          'that you will get by mail takes the account back and signs everybody else out.',
      ],
    },
    address_taken: {
      subject: 'You already have an account at {product}',
      heading: 'You already have an account',
      intro: [
        'Somebody tried to use this address for a new account or for another one at {product}. It ' +
          'belongs to your account already, so nothing was changed.',
      ],
      notes: [
        'If this was you, sign in with this address; if you forgot the password, ask for a new one there.',
        'If it was not you, ignore this mail: whoever tried was not told that you have an account.',
      ],
    },
    new_device: {
      subject: 'New sign-in to your account at {product}',
      heading: 'A new device signed in',
      intro: [
        'Your account at {product} was used on a device that we have not seen before. The list of your ' +
          'sessions shows which one.',
      ],
      notes: [
        'If this was you, there is nothing to do.',
        'If it was not you, somebody knows your password: ask {product} for a new one at once ' +
          '(“forgot password”), which signs out every device.',
      ],
    },
    session_theft: {
      subject: 'A session of your account at {product} was ended',
      heading: 'We ended a session of yours',
      intro: [
        'A sign-in of your account at {product} was used with a token that had been replaced long ' +
          'ago. Somebody may have copied it, so we ended that session on all sides.',
        'You may have to sign in again on one of your devices.',
      ],
      notes: [
        'If you have just restored a device from a backup, that is the likely reason, and there is ' +
          'nothing more to do.',
        'If you cannot explain it, check the device for strange programs and ask {product} for a new ' +
          'password (“forgot password”), which signs out every device.',
      ],
    },
  },
}

const pages: Language['pages'] = {
  tag: 'en',
  skip: 'Skip to content',
  error: 'Error',
  causes: 'Likely causes',
  form: { wrong: 'There is a problem', wrongPassword: 'There is a problem with the password' },
  refusals: null,
  reset: {
    title: 'Choose a new password',
    lead: 'For your account at {host}. Saving it signs out every device that uses the account.',
    label: 'New password',
    hint:
      'At least {minimum} characters, without your username or address. Several random words are ' +
      'strong and easy to remember.',
    button: 'Save password',
    done: 'Your password was changed',
    saved: 'Your new password is saved. You can sign in with it now.',
    ended: {
      none: 'No device was signed in.',
      one: 'One device was signed out.',
      more: '{count} devices were signed out.',
    },
    told: 'We have sent you a mail about the change.',
    dead: {
      invalid: {
        title: 'This password link is not valid',
        next:
          'Open the link in the newest mail once more, or ask for a new one where you sign in ' +
          '(“forgot password”).',
        causes: [
          'The link was cut off by a mail program.',
          'The account has been deleted or disabled.',
          'The address of the account has changed since.',
        ],
      },
      expired: {
        title: 'This password link has expired',
        next: 'Ask for a new link where you sign in (“forgot password”) and open it within {span}.',
        causes: ['The link has not been opened in time.'],
      },
      used: {
        title: 'This password link has already been used',
        next:
          'If you have just chosen a new password, sign in with it. Otherwise ask for a new link where ' +
          'you sign in (“forgot password”).',
        causes: [
          'The link, or another one for the same account, was redeemed.',
          'The password was changed after the link was mailed.',
        ],
      },
    },
  },
  verify: {
    title: 'Confirm your address',
    lead: 'Enter the password of your account at {host} to confirm that this address is yours.',
    label: 'Password',
    hint: 'The password with which you sign in there.',
    button: 'Confirm address',
    forgotten:
      'Forgotten? Ask for a new password where you sign in: choosing one confirms the address too. If ' +
      'you have no account here, close this page, and nothing will be confirmed.',
    done: 'Your address is confirmed',
    confirmed: '{email} is confirmed. You can close this page.',
    dead: {
      invalid: {
        title: 'This confirmation link is not valid',
        next: 'Open the link in the newest mail once more, or ask for a new one where you sign in.',
        causes: [
          'The link was cut off by a mail program.',
          'The account was deleted.',
          'A later change of address replaced this one.',
        ],
      },
      expired: {
        title: 'This confirmation link has expired',
        next: 'Ask for a new link where you sign in and open it within {span}.',
        causes: ['The link has not been opened in time.'],
      },
      used: {
        title: 'This confirmation link has already been used',
        next:
          'If you have just confirmed the address, there is nothing more to do. Otherwise ask for a new ' +
          'link where you sign in.',
        causes: ['The address is confirmed already.', 'A new password was chosen after the link was mailed.'],
      },
    },
  },
  setup: {
    title: 'Create the first administrator',
    lead:
      '{host} has no administrator yet. The account that this form makes may do everything there, with ' +
      'every other account too.',
    fields: {
      username: {
        label: 'Username',
        hint: '{minimum} to {maximum} characters: letters, digits, dot, underscore and hyphen.',
      },
      email: {
        label: 'E-mail address',
        hint: 'A link to confirm it is mailed there. A forgotten password is replaced through it, too.',
      },
      password: {
        label: 'Password',
        hint:
          'At least {minimum} characters, not a common password, and without your username or address. ' +
          'Several random words are strong and easy to remember.',
      },
    },
    button: 'Create administrator',
    done: 'You are the administrator',
    made: 'The account {username} is made. The setup link is used up, and there will be no other.',
    next: 'What to do next',
    confirm: 'Confirm your address: the link has been mailed to {email}.',
    confirmFirst:
      'Confirm your address, which this server asks for before you can sign in: the link has been ' +
      'mailed to {email}.',
    inbox: 'It lies in the {inbox}.',
    inboxLink: 'built-in inbox',
    signIn:
      'Sign in: the Authorize button of the {docs} takes your username and ' +
      'password, programs use {request}.',
    docsLink: 'API documentation',
    commands: 'On the server, {command} lists the commands for users, roles and keys.',
    newLink: 'Start the server again: it makes a new link. Or use the command line: {command}',
    dead: {
      invalid: {
        title: 'This setup link is not valid',
        next: 'Copy the whole link once more, or have a new one made.',
        causes: [
          'The link was cut off as it was copied.',
          'It belongs to another server, or to another database.',
        ],
      },
      expired: {
        title: 'This setup link has expired',
        next: 'Have a new one made, and open it within {span}.',
        causes: ['More than {span} have passed since the server was started.'],
      },
      used: {
        title: 'There is an administrator already',
        next:
          'Sign in with that account; a forgotten password is replaced where you sign in (“forgot ' +
          'password”). An administrator can give the role to others.',
        causes: [
          'The link, or another one of this server, has been used.',
          'An administrator was made on the command line or from the settings.',
        ],
      },
    },
  },
  problem: {
    next: 'What to do',
    status: 'Status',
    code: 'Code',
    request: 'Request',
    codes: {
      request_invalid: {
        title: 'The request could not be read',
        action: 'Open the link of the mail once more.',
      },
      cross_site_request: {
        title: 'The form was sent from another site',
        action: 'Open the link of the mail once more, and send the form from the page that it shows.',
      },
      not_found: {
        title: 'There is nothing at this address',
        action: 'Copy the whole link once more.',
      },
      email_taken: {
        title: 'This address belongs to another account by now',
        action: 'Sign in with that account, or choose another address in yours.',
      },
      body_too_large: {
        title: 'The form was too large',
        action: 'Open the link of the mail once more, and type less.',
      },
      media_type_unsupported: {
        title: 'The form was sent in a way that is not taken here',
        action: 'Open the link of the mail once more, and send the form from the page that it shows.',
      },
      validation_failed: {
        title: 'The form was not complete',
        action: 'Open the link of the mail once more, and fill in the form that it shows.',
      },
      rate_limited: {
        title: 'Too many attempts',
        action: 'Wait for a while, up to an hour, and open the link once more.',
      },
      internal_error: {
        title: 'Something went wrong in the server',
        action: 'Try again once; if it stays, tell whoever runs this server the request that stands below.',
      },
      overloaded: {
        title: 'The server is busy',
        action: 'Wait for a few seconds and load the page again.',
      },
      store_unavailable: {
        title: 'The server cannot reach its data',
        action: 'Wait for a minute and load the page again.',
      },
    },
  },
}

export const en: Language = { mails, pages }
