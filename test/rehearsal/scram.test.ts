import { scram } from '../../charts/blocks/rehearsal/server/scram.js';

// The example of RFC 7677 §3.
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

describe('SCRAM-SHA-256', () => {
  test('proves the password as the example of RFC 7677 does', () => {
    const login = scram('user', 'pencil', nonce);
    expect(login.first).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    expect(login.final(serverFirst)).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    expect(() => login.verify(serverFinal)).not.toThrow();
  });

  test('refuses a server that does not know the password', () => {
    const login = scram('user', 'crayon', nonce);
    login.final(serverFirst);
    expect(() => login.verify(serverFinal)).toThrow('the server does not know the password');
  });

  test('refuses a server that sends no signature', () => {
    const login = scram('user', 'pencil', nonce);
    login.final(serverFirst);
    expect(() => login.verify('e=other-error')).toThrow('did not prove');
  });

  test('refuses a signature that comes before the proof', () => {
    expect(() => scram('user', 'pencil', nonce).verify('v=')).toThrow('did not prove');
  });

  test.each([nonce, 'another'])('refuses the nonce %s, which the server did not extend', (combined) => {
    const login = scram('user', 'pencil', nonce);
    expect(() => login.final(`r=${combined},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`)).toThrow('another login');
  });

  test('escapes the characters that separate attributes', () => {
    expect(scram('a=b,c', 'pencil', nonce).first).toBe(`n,,n=a=3Db=2Cc,r=${nonce}`);
  });
});
